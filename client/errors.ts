import type { Detail, ErrorCode } from '../lib/contract.ts';

/**
 * Every way in which asking for a meeting token can fail: the endpoint's own codes, API Gateway's answers (it has no codes, so
 * they are named here), and failures without an answer. An aborted call has no code: it rejects with the abort's reason.
 */
export type TokenErrorCode =
  | ErrorCode
  /** 401: no JWT, or one that is expired, of another issuer or audience, or not signed by the issuer. */
  | 'gateway_unauthorized'
  /** 403: the JWT lacks the scope that the deployment requires. */
  | 'gateway_forbidden'
  /** 404: the URL is not the endpoint's. */
  | 'gateway_not_found'
  /** 429: too many requests at the moment. */
  | 'gateway_throttled'
  /** 500, 503 or any other status without a code: the function crashed, timed out or could not be reached. */
  | 'gateway_error'
  /** A 200 without a token, or a code that this client does not know: the endpoint is of another version, or not the endpoint. */
  | 'unexpected_answer'
  /** The browser is offline, nothing listens at the URL, or CORS does not allow the page's origin. A script can't tell which. */
  | 'no_answer'
  /** No answer came within `timeoutMs`. */
  | 'timeout';

const signIn = 'Please sign in again.';
const wait = 'Meetings can’t be opened at the moment. Please try again in a minute.';
const ours = 'Something went wrong on our side. Please tell us if it stays so.';

/** What to tell a reader, by the error's code, in English. */
export const textsForReaders: Readonly<Record<TokenErrorCode, string>> = {
  invalid_json: ours,
  invalid_request: 'This club or this name can’t be used. Please check both.',
  unauthenticated: signIn,
  not_a_member: 'You are not a member of this reading club.',
  body_too_large: ours,
  unsupported_media_type: ours,
  token_generation_failed: ours,
  credentials_unavailable: wait,
  gateway_unauthorized: signIn,
  gateway_forbidden: 'Your sign-in does not allow meetings.',
  gateway_not_found: ours,
  gateway_throttled: wait,
  gateway_error: wait,
  unexpected_answer: ours,
  no_answer: 'The meeting can’t be reached. Please check your connection and try again.',
  timeout: 'The meeting does not answer. Please try again.',
};

const worthRetrying: readonly TokenErrorCode[] = [
  'credentials_unavailable',
  'gateway_throttled',
  'gateway_error',
  'no_answer',
  'timeout',
];

/** Details of the error, in addition to its code. */
export interface TokenErrorFacts extends ErrorOptions {
  /** `undefined` where there was no answer. */
  status?: number | undefined;
  /** What the answer says, for a developer. */
  message?: string | undefined;
  /** API Gateway's id of the request, under which the log has it. */
  requestId?: string | undefined;
  /** What is wrong with the request, with `invalid_json` and `invalid_request`. */
  details?: readonly Detail[] | undefined;
  /** From `Retry-After`: how long to wait before another try, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/** There is no meeting token, and why. `message` is for developers and may change: switch on `code`, show `forReader`. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: TokenErrorCode;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly details: readonly Detail[];
  readonly retryAfterMs: number | undefined;
  /** A sentence for the reader, in English. */
  readonly forReader: string;
  /** Whether the same call may succeed later without any change. */
  readonly isWorthRetrying: boolean;

  constructor(code: TokenErrorCode, facts: TokenErrorFacts = {}) {
    const { status, message, requestId, details = [], retryAfterMs } = facts;
    super([code, status, message, requestId].filter(Boolean).join(' '), facts);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
    this.forReader = textsForReaders[code];
    this.isWorthRetrying = worthRetrying.includes(code);
  }
}
