import type { TokenAnswer } from '../lib/contract.ts';
import { TokenError, type TokenErrorCode, textsForReaders } from './errors.ts';

export interface TokenRequest {
  url: string;
  bearer: string;
  /** JSON. */
  body: string;
  signal: AbortSignal;
}

/**
 * Sends one request and reads what comes back.
 *
 * @param now milliseconds since the epoch, for a `Retry-After` that is a date
 * @throws {TokenError} unless the answer is a meeting token: `no_answer` too when the signal aborts
 */
export async function requestToken(
  fetch: typeof globalThis.fetch,
  { url, bearer, body, signal }: TokenRequest,
  now: () => number,
): Promise<TokenAnswer> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', headers, body, signal });
  } catch (cause) {
    throw new TokenError('no_answer', { cause });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isTokenAnswer(answer)) return answer;
  throw refusal(response, isRecord(answer) ? answer : {}, now);
}

const fields: readonly (keyof TokenAnswer)[] = [
  'token',
  'room_name',
  'participant_name',
  'role',
  'server_url',
  'participant_token',
  'expires_at',
];

function isTokenAnswer(answer: unknown): answer is TokenAnswer {
  return isRecord(answer) && fields.every((field) => typeof answer[field] === 'string');
}

const gatewayCodes: Readonly<Record<number, TokenErrorCode>> = {
  401: 'gateway_unauthorized',
  403: 'gateway_forbidden',
  404: 'gateway_not_found',
  429: 'gateway_throttled',
};

/** An answer with a code is the endpoint's own; one without is the gateway's. */
function refusal(response: Response, answer: Record<string, unknown>, now: () => number): TokenError {
  const { ok, status, headers } = response;
  const { code, error, message, request_id, details } = answer;
  let known: TokenErrorCode = 'unexpected_answer';
  if (isErrorCode(code)) known = code;
  else if (!ok && code === undefined) known = gatewayCodes[status] ?? 'gateway_error';
  return new TokenError(known, {
    status,
    message: text(error) ?? text(message),
    requestId: text(request_id),
    details: Array.isArray(details) ? details : undefined,
    retryAfterMs: retryAfterMs(headers.get('retry-after'), now),
  });
}

function isErrorCode(code: unknown): code is TokenErrorCode {
  return typeof code === 'string' && Object.hasOwn(textsForReaders, code);
}

/** Seconds or a date, as HTTP has it; `undefined` where there is none that can be read. */
function retryAfterMs(header: string | null, now: () => number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
