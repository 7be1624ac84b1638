/** Asks LiveKit to validate a token, which creates no room and joins none, and explains a refusal. */
import { parseLiveKitUrl } from '../lib/livekit-url.ts';
import { type Check, check } from './check.ts';
import { redact } from './find-token.ts';
import { explainAnswer } from './refusals.ts';
import { type Reply, send, Unreached } from './send.ts';

/** The clock difference that LiveKit tolerates, in seconds. */
const leeway = 60;

/** @param howToStart what to do where no server runs on this machine, on which a laptop can do without */
export async function showToLiveKit(serverUrl: string, token: string, howToStart?: string): Promise<Check> {
  const bad = (code: string, at: string, meaning: string, ...notes: string[]) =>
    check('bad', code, 'LiveKit', at, meaning, ...notes);
  const server = parseLiveKitUrl(serverUrl);
  if (server === undefined) {
    const remedy = 'To put it right: LIVEKIT_WS_URL should be the wss:// URL of the project.';
    return bad('no-livekit-url', serverUrl, 'clients can’t connect to this URL', remedy);
  }
  const { url, isLoopback } = server;
  let reply: Reply;
  try {
    const headers = { authorization: `Bearer ${token}` };
    reply = await send(`${url.replace(/^ws/, 'http')}/rtc/validate`, { headers });
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    const { code, message, remedy } = error;
    if (isLoopback && code === 'refused' && howToStart !== undefined) {
      const meaning = 'no server runs here, so meetings can’t be joined';
      return check('warning', 'no-local-livekit', 'LiveKit', url, meaning, howToStart);
    }
    const advice = `To put it right: ${remedy} The URL is LIVEKIT_WS_URL, in the secret or the parameter "livekit-url".`;
    return bad(`livekit-${code}`, url, message, advice);
  }
  const { status, headers, text } = reply;
  const reason = redact(text).slice(0, 300).trim();
  if (status === 200 && reason === 'success') {
    return check('good', 'let-in', 'LiveKit', url, 'lets the token in');
  }
  const explained = explainAnswer({ status, reason });
  if (explained === undefined) {
    const remedy = 'To put it right: LIVEKIT_WS_URL should be the URL of the project, as LiveKit shows it.';
    return bad('not-livekit', url, `the server there is not a LiveKit server: status ${status}`, remedy);
  }
  const { code, cause, remedy } = explained;
  const clock = code === 'expired' || code === 'not-yet-valid' ? [compareClocks(headers)] : [];
  const answered = `LiveKit answered: ${status} “${reason}”.`;
  return bad(code, url, cause, answered, ...clock, `To put it right: ${remedy}`);
}

/** The token is a few seconds old, so one of the clocks is wrong. */
function compareClocks(headers: Headers): string {
  const ahead = Math.round((Date.parse(headers.get('date') ?? '') - Date.now()) / 1000);
  if (Number.isNaN(ahead)) return 'LiveKit’s answer has no time to compare.';
  if (Math.abs(ahead) > leeway) {
    return `Compared with this machine, LiveKit’s clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}.`;
  }
  return 'LiveKit’s clock and this machine’s agree: the clock of the machine that signs the token is wrong.';
}
