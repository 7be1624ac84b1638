/** For a developer: why something went wrong, and what to do. What the reader is told is the client's sentence. */
import { TokenError, type TokenErrorCode, textForEnd } from 'booky-meeting-client';
import { ConnectionError, ConnectionErrorReason } from 'livekit-client';
import { redact } from '../../../token-check/find-token.ts';
import { explainMessage } from '../../../token-check/refusals.ts';

/** What happened, why and what to do, and the fields of the request that are wrong. */
export type Problem = { what: string; details: string; fields: readonly string[] };

/** What the error's own message does not say. */
const causes: Partial<Record<TokenErrorCode, string>> = {
  not_a_member: 'Your sign-in does not list this club. If you have joined just now, sign in again.',
  unauthenticated: 'Your sign-in has no claim that the API takes as a reader’s id.',
  credentials_unavailable:
    'The API has no usable LiveKit credentials: check LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env, or the secret in Secrets Manager.',
  gateway_unauthorized:
    'The gateway did not accept your sign-in: it has expired, is meant for another application, or its issuer is not the one that the gateway trusts.',
};

/** Why there is no token, no sign-in or no meeting; `endpoint` is the API's URL. */
export async function explain(error: unknown, endpoint: string): Promise<Problem> {
  const what = textForEnd({ error });
  if (error instanceof ConnectionError) return { what, details: explainLiveKit(error), fields: [] };
  if (!(error instanceof TokenError)) return { what, details: `${error}`, fields: [] };
  const { code, message, details } = error;
  if (code === 'no_answer') return { what, details: await whyNoAnswer('The API', endpoint), fields: [] };
  const rules = details.map((wrong) => `${wrong.path} ${wrong.message}`).join('; ');
  return {
    what,
    details: `${causes[code] ?? ''} ${rules} (${message})`,
    fields: details.map(({ path }) => path),
  };
}

/** Why LiveKit did not let a reader in. */
function explainLiveKit({ message, reason, status }: ConnectionError): string {
  if (reason === ConnectionErrorReason.NotAllowed) {
    const remedy = explainMessage(message)?.remedy ?? 'Join again: that fetches a new token.';
    return `LiveKit did not accept the token: ${redact(message)} (status ${status}). ${remedy}`;
  }
  if (message.includes('pc connection')) {
    return 'The media connection (UDP) could not be opened: try another network, or look for a firewall.';
  }
  if (reason !== ConnectionErrorReason.ServerUnreachable) return message;
  return 'No LiveKit server answers. On a laptop run "scripts/install.sh meeting-peers" once, then "npm start", which starts one. Elsewhere check LIVEKIT_WS_URL.';
}

/**
 * A server that is down and one whose CORS does not allow the page look the same to the page. A second request, whose answer the
 * page does not read, shows the difference.
 */
export async function whyNoAnswer(who: string, url: string): Promise<string> {
  const { origin } = new URL(url);
  return fetch(origin, { mode: 'no-cors' }).then(
    () =>
      `${who} answers, but not to this page: add ${window.location.origin} to its allowed origins (ORIGINS, or the parameter "origins").`,
    () => `${who} does not answer at ${origin}. Run "npm start", and wait for its line with "Ready".`,
  );
}
