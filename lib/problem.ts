import type { Detail, ErrorCode } from './contract.ts';

/** Every expected error of a request, by the contract; an unexpected error is none of them. */
export type ProblemCode = Exclude<ErrorCode, 'token_generation_failed'>;

/**
 * A request that ends in one of the contract's errors. The message is for the caller and shows nothing internal. What only
 * operators may read goes into `cause`.
 */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A body that can't be read or breaks a rule of the contract, with the list of what is wrong. */
export class BadRequest extends Problem {
  override readonly name = 'BadRequest';
  readonly details: readonly Detail[];

  constructor(code: 'invalid_json' | 'invalid_request', message: string, details: readonly Detail[]) {
    super(code, message);
    this.details = details;
  }
}

/** No usable LiveKit credentials at the moment. A client may retry after `retryAfterSeconds` (at least 1). */
export class CredentialsUnavailable extends Problem {
  override readonly name = 'CredentialsUnavailable';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number, options?: ErrorOptions) {
    super('credentials_unavailable', 'Meetings are briefly unavailable, please try again.', options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
