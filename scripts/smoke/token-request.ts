/** Asks for a token for the club, and checks the answer against the contract. */
import * as v from 'valibot';
import type { ErrorCode, TokenAnswer } from '../../lib/contract.ts';
import { redact } from '../../token-check/redact.ts';
import { tokenAnswerSchema } from '../../token-check/token-answer.ts';
import { type Check, check } from './check.ts';
import { explainGatewayRefusal } from './gateway-refusal.ts';
import { readJwt } from './read-jwt.ts';
import { type Reply, send } from './send.ts';
import type { Target } from './target.ts';

const Refusal = v.object({
  code: v.string(),
  error: v.optional(v.string(), ''),
  request_id: v.optional(v.string()),
  details: v.optional(v.array(v.object({ path: v.string(), message: v.string() })), []),
});

const subject = 'token request';

/** Asks for a club's token with this bearer, or without any. */
export function askForToken(url: string, bearer: string | undefined, body: unknown): Promise<Reply> {
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
}

/** The error code of an answer, if the endpoint itself gave it. */
export function codeOf({ text: body }: Reply): string | undefined {
  return parseJson(Refusal, body)?.code;
}

/** @returns the answer only where it can be read */
export async function requestToken(
  { url, club, role }: Target,
  bearer: string,
): Promise<{ checks: Check[]; answer?: TokenAnswer }> {
  const reply = await askForToken(url, bearer, { reading_club_id: club });
  if (reply.status !== 200) return { checks: [explainRefusal(reply, bearer, url)] };

  const answer = parseJson(tokenAnswerSchema, reply.text);
  if (answer === undefined) return { checks: [notTheContract(reply)] };
  return {
    answer,
    checks: [check('good', 'answered', subject, '200', 'a token'), ...judgeAnswer(answer, reply, club, role)],
  };
}

function judgeAnswer(answer: TokenAnswer, { headers }: Reply, club: string, role: Target['role']): Check[] {
  const expect = (isTrue: boolean, code: string, name: string, value: string, meaning: string) =>
    check(isTrue ? 'good' : 'bad', isTrue ? code : `not-${code}`, name, value, meaning);
  const caching = headers.get('cache-control') ?? 'missing';
  return [
    expect(caching === 'no-store', 'no-store', 'cache-control', caching, 'no cache may store the token'),
    expect(
      answer.token === answer.participant_token,
      'same-token',
      'participant_token',
      answer.token === answer.participant_token ? 'the same as token' : 'different from token',
      'one token under its two names',
    ),
    expect(
      answer.room_name === `reading-club-${club}`,
      'right-room',
      'room_name',
      answer.room_name,
      'the club’s room',
    ),
    ...(role === undefined
      ? []
      : [expect(answer.role === role, 'right-role', 'role', answer.role, `the reader is a ${role}`)]),
    expect(
      (readJwt(answer.token)?.claims.exp ?? 0) * 1000 === Date.parse(answer.expires_at),
      'right-expiry',
      'expires_at',
      answer.expires_at,
      'when the token expires',
    ),
  ];
}

function notTheContract({ text: body }: Reply): Check {
  const parsed = v.safeParse(tokenAnswerSchema, parseJson(v.unknown(), body));
  const faults = (parsed.issues ?? []).map((issue) => v.getDotPath(issue) ?? 'the body');
  const meaning = `not the contract’s answer: ${[...new Set(faults)].join(', ')}`;
  const remedy = 'To put it right: check that --url is the token endpoint’s, and its version.';
  return check('bad', 'not-the-contract', subject, '200', meaning, remedy);
}

function explainRefusal(reply: Reply, bearer: string, url: string): Check {
  const refusal = parseJson(Refusal, reply.text);
  const refused = (code: string, meaning: string, remedy: string) =>
    check('bad', code, subject, String(reply.status), meaning, `To put it right: ${remedy}`);
  if (refusal !== undefined) {
    const { code, error, request_id: id, details } = refusal;
    const faults = details.map(({ path, message }) => `${path} ${message}`).join('; ');
    const request = id === undefined ? '' : ` The log has it under request ${redact(id)}.`;
    const meaning = redact(`${code}: ${faults || error}`);
    return refused(code, meaning, `${remedies.get(code) ?? seeLog}${request}`);
  }
  switch (reply.status) {
    case 401:
      return explainGatewayRefusal(reply, bearer, Date.now() / 1000);
    case 403:
      return refused(
        'gateway-scope',
        'the JWT lacks a scope',
        'Sign in with one of the scopes in the parameter "scopes".',
      );
    case 404:
      return refused(
        'no-such-route',
        `no such route: ${new URL(url).pathname}`,
        'Use the stack’s output TokenEndpointUrl.',
      );
    case 429:
      return refused('throttled', 'the gateway throttles', 'Wait, or raise the parameter "throttling-rate".');
    default:
      return refused(
        'gateway-failed',
        redact(reply.text.slice(0, 200)),
        'Look into the logs of gateway and function.',
      );
  }
}

const seeLog = 'Look into the function’s log.';

/** What to do about each error of the endpoint itself. */
const remedyOf: Readonly<Record<ErrorCode, string>> = {
  invalid_json: seeLog,
  invalid_request: 'Name a club’s id with --club.',
  unauthenticated: 'The authorizer accepted a JWT without a sub: use one that has it.',
  not_a_member:
    'With --club, name a club that the bearer’s claims list, or check the parameter "clubs-claim".',
  body_too_large: seeLog,
  unsupported_media_type: seeLog,
  token_generation_failed: 'The function’s log names the variable or the fault.',
  credentials_unavailable:
    'Check the secret: its name, its content, and the function’s permission to read it.',
};
const remedies = new Map<string, string>(Object.entries(remedyOf));

function parseJson<Schema extends v.GenericSchema>(
  schema: Schema,
  body: string,
): v.InferOutput<Schema> | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(body));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
