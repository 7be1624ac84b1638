import type { ErrorCode } from '../lib/contract.ts';

/**
 * Every way in which asking for a meeting token can fail: the endpoint's own codes, API Gateway's answers (it has no codes, so
 * they are named here), and failures without an answer. An aborted call has no code: it rejects with the abort's reason.
 */
export type TokenErrorCode =
  /** The endpoint's own. `unauthenticated` without a status: the reader has signed out since they asked. */
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
  /**
   * The browser is offline, nothing listens at the URL, the connection broke off, or CORS does not allow the page's origin. A script
   * can't tell which.
   */
  | 'no_answer'
  /** No answer came within `timeoutMs`. */
  | 'timeout'
  /** LiveKit did not do what a moderator asked for. 404: the participant has left, or the track has ended. */
  | 'moderation_failed';

/** After these the same call may succeed later without any change. */
export const worthRetrying: readonly TokenErrorCode[] = [
  'credentials_unavailable',
  'gateway_throttled',
  'gateway_error',
  'no_answer',
  'timeout',
];
