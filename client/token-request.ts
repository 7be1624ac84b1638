import type { TokenAnswer } from '../lib/contract.ts';
import type { TokenErrorCode } from './error-codes.ts';
import { TokenError } from './errors.ts';
import { english, type Language } from './texts.ts';

export interface TokenRequest {
  url: string;
  bearer: string;
  /** JSON. */
  body: string;
  signal: AbortSignal;
  /** Of the errors' texts. */
  language: Language | undefined;
}

/**
 * Sends one request and reads what comes back.
 *
 * @throws {TokenError} unless the answer is a meeting token: `no_answer` too when the signal aborts
 */
export async function requestToken(
  fetch: typeof globalThis.fetch,
  { url, bearer, body, signal, language }: TokenRequest,
): Promise<TokenAnswer> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method: 'POST', headers, body, signal });
    text = await response.text();
  } catch (cause) {
    throw new TokenError('no_answer', { cause }, language);
  }
  const answer = parse(text);
  if (response.ok && isTokenAnswer(answer)) return answer;
  const { error, message, request_id, details } = answer;
  const facts = {
    status: response.status,
    message: string(error) ?? string(message),
    requestId: string(request_id),
    details: Array.isArray(details) ? details : [],
    // Seconds: none of the servers behind the URL sends a date.
    retryAfterMs: Number(response.headers.get('retry-after')) * 1000 || undefined,
  };
  throw new TokenError(codeOf(response, answer), facts, language);
}

/** The object that a text is in JSON. What begins like one and does not end was cut off: some networks don't report that. */
function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return /^({|$)/.test(text) ? { code: 'no_answer' } : {};
  }
}

function isTokenAnswer(
  answer: object & Record<string, unknown>,
): answer is TokenAnswer & Record<string, unknown> {
  return ['token', 'participant_token', 'server_url', 'room_name'].every((field) => string(answer[field]));
}

const gatewayCodes: Readonly<Record<number, TokenErrorCode>> = {
  401: 'gateway_unauthorized',
  403: 'gateway_forbidden',
  404: 'gateway_not_found',
  429: 'gateway_throttled',
};

/** An answer with a code is the endpoint's own; one without is the gateway's. */
function codeOf({ ok, status }: Response, { code }: Record<string, unknown>): TokenErrorCode {
  if (isErrorCode(code)) return code;
  return ok || code !== undefined ? 'unexpected_answer' : (gatewayCodes[status] ?? 'gateway_error');
}

function isErrorCode(code: unknown): code is TokenErrorCode {
  return typeof code === 'string' && Object.keys(english).includes(code);
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
