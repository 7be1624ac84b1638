/** Asks for a token for the club, and checks the answer against the contract. */
import * as v from 'valibot';
import type { ErrorCode, TokenAnswer } from '../../lib/contract.ts';
import { type Check, check } from '../../token-check/check.ts';
import { findToken, redact } from '../../token-check/find-token.ts';
import { judgeAnswer } from '../../token-check/judge-answer.ts';
import { type Reply, send } from '../../token-check/send.ts';
import { explainGatewayRefusal } from './gateway-refusal.ts';
import { readJwt } from './read-jwt.ts';
import type { Target } from './target.ts';

const refusalSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    code: v.string(),
    error: v.optional(v.string(), ''),
    request_id: v.optional(v.string()),
    details: v.optional(v.array(v.object({ path: v.string(), message: v.string() })), []),
  }),
);

const subject = 'token request';

/** Asks for a club's token with this bearer, or without any. */
export function sendTokenRequest(url: string, bearer: string | undefined, body: unknown): Promise<Reply> {
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
}

/** @returns the answer only where it can be read */
export async function checkToken(
  { url, club, role }: Target,
  bearer: string,
): Promise<{ checks: Check[]; answer?: TokenAnswer }> {
  const reply = await sendTokenRequest(url, bearer, { reading_club_id: club });
  if (reply.status !== 200) return { checks: [explainRefusal(reply, bearer, url)] };

  const reader = readerOf(bearer, reply);
  const judged = await judgeAnswer(reply, { club, role, reader });
  if (judged.answer === undefined || judged.answer.participant_name !== reader) return judged;
  const unnamed = check(
    'warning',
    'no-name',
    'participant_name',
    reader,
    'this JWT has no name: the others see the reader’s id',
    'To put it right: name the claim that has one in the parameter "name-claim", or send participant_name.',
  );
  return { ...judged, checks: [...judged.checks, unnamed] };
}

/** Which claim is the identity is the deployment's own choice (`identity-claim`), so any claim of the bearer may be it. */
function readerOf(bearer: string, reply: Reply): string | undefined {
  const claims = readJwt(bearer)?.claims ?? {};
  const identity = readJwt(findToken(reply.text) ?? '')?.claims.sub;
  return Object.values(claims).includes(identity) ? identity : claims.sub;
}

function explainRefusal(reply: Reply, bearer: string, url: string): Check {
  const refusal = v.safeParse(refusalSchema, reply.text);
  const refused = (code: string, meaning: string, remedy: string) =>
    check('bad', code, subject, String(reply.status), meaning, `To put it right: ${remedy}`);
  if (refusal.success) {
    const { code, error, request_id: id, details } = refusal.output;
    const faults = details.map(({ path, message }) => `${path} ${message}`).join('; ');
    const request = id === undefined ? '' : ` The log has it under request ${redact(id)}.`;
    const meaning = redact(`${code}: ${faults || error}`);
    return refused(code, meaning, `${remedies.get(code) ?? seeLog}${request}`);
  }
  if (reply.status === 401) return explainGatewayRefusal(reply, bearer, Date.now() / 1000);
  switch (reply.status) {
    case 403:
      return refused('gateway-scope', 'the JWT lacks a scope', 'Sign in with one of the parameter "scopes".');
    case 404: {
      const path = new URL(url).pathname;
      return refused('no-such-route', `no such route: ${path}`, 'Use the stack’s output TokenEndpointUrl.');
    }
    case 429:
      return refused('throttled', 'the gateway throttles', 'Wait, or raise the parameter "throttling-rate".');
    default: {
      const said = redact(reply.text.slice(0, 200));
      return refused('gateway-failed', said, 'Look into the logs of gateway and function.');
    }
  }
}

const seeLog = 'Look into the function’s log.';

/** What to do about each error of the endpoint itself. */
const remedyOf: Readonly<Record<ErrorCode, string>> = {
  invalid_json: seeLog,
  invalid_request: 'Name a club’s id with --club.',
  unauthenticated:
    'Use a JWT with the claim of the parameter "identity-claim" (sub by default), as text of 256 bytes at most.',
  not_a_member:
    'With --club, name a club that the bearer’s claims list, or check the parameter "clubs-claim".',
  body_too_large: seeLog,
  unsupported_media_type: seeLog,
  token_generation_failed: 'The function’s log names the variable or the fault.',
  credentials_unavailable:
    'Check the secret: its name, its content, and the function’s permission to read it.',
};
const remedies = new Map<string, string>(Object.entries(remedyOf));
