import type { Detail } from '../lib/contract.ts';
import { type TokenErrorCode, worthRetrying } from './error-codes.ts';
import { browserLanguage, english, type Language, languages } from './texts.ts';

/** Details of the error, in addition to its code. */
export interface TokenErrorFacts {
  /** What the answer says, for a developer. */
  message?: unknown;
  /** `undefined` where there was no answer. */
  status?: number | undefined;
  /** API Gateway's id of the request, under which the log has it. */
  requestId?: string | undefined;
  /** What is wrong with the request, with `invalid_json` and `invalid_request`. */
  details?: readonly Detail[];
  /** From `Retry-After`: how long to wait before another try, in milliseconds. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** There is no meeting token, and why. `message` is for developers and may change: switch on `code`, show `forReader`. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: TokenErrorCode;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly details: readonly Detail[] = [];
  readonly retryAfterMs: number | undefined;
  /** A sentence for the reader. */
  readonly forReader: string;
  /** Whether the same call may succeed later without any change. */
  readonly isWorthRetrying: boolean;

  /** `language` is that of `forReader`: by default the browser's, else English. */
  constructor(
    code: TokenErrorCode,
    { message, ...facts }: TokenErrorFacts = {},
    language: Language = browserLanguage(),
  ) {
    super([code, facts.status, message, facts.requestId].filter(Boolean).join(' '));
    Object.assign(this, facts);
    this.code = code;
    this.forReader = (languages[language] ?? english)[code];
    this.isWorthRetrying = worthRetrying.includes(code);
  }
}
