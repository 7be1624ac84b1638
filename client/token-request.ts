import type { TokenAnswer } from '../lib/contract.ts';
import type { TokenErrorCode } from './error-codes.ts';
import { TokenError } from './errors.ts';
import { english, type Language } from './texts.ts';

/** What one request ends with: a meeting token, or why there is none, with its text in this language. Never rejects. */
export async function readAnswer(
  sent: Promise<Response>,
  language: Language | undefined,
): Promise<{ token: TokenAnswer; error?: undefined } | { token?: undefined; error: TokenError }> {
  let response: Response | undefined;
  let text = '';
  let answer: Record<string, unknown> = {};
  let cause: unknown;
  try {
    response = await sent;
    text = await response.text();
    answer = Object(JSON.parse(text));
  } catch (caught) {
    cause = caught;
    // What begins like JSON and does not end was cut off, though some networks don't report that.
    if (response?.ok !== false && /^({|$)/.test(text)) answer = { code: 'no_answer' };
  }
  if (response?.ok && isTokenAnswer(answer)) return { token: answer };
  const { code, request_id, details } = answer;
  const status = response?.status;
  // An answer with a code is the endpoint's own; one without is the gateway's.
  const known = Object.keys(english).find((own): own is TokenErrorCode => own === code);
  const facts = {
    status,
    message: answer['error'] ?? answer['message'],
    requestId: typeof request_id === 'string' ? request_id : undefined,
    details: Array.isArray(details) ? details : [],
    // Seconds: none of the servers behind the URL sends a date.
    retryAfterMs: Number(response?.headers.get('retry-after')) * 1000 || undefined,
    cause,
  };
  return {
    error: new TokenError(
      known ?? gatewayCodes[code === undefined ? (status ?? 0) : 200] ?? 'gateway_error',
      facts,
      language,
    ),
  };
}

function isTokenAnswer(
  answer: object & Record<string, unknown>,
): answer is TokenAnswer & Record<string, unknown> {
  return ['token', 'server_url', 'room_name'].every((field) => typeof answer[field] === 'string');
}

const gatewayCodes: Readonly<Record<number, TokenErrorCode>> = {
  200: 'unexpected_answer',
  401: 'gateway_unauthorized',
  403: 'gateway_forbidden',
  404: 'gateway_not_found',
  429: 'gateway_throttled',
};
