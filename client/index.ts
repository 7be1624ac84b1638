/**
 * What a front end imports to let a reader into a meeting: a token from the endpoint, and staying in. No dependency; the part for
 * LiveKit has types of `livekit-client` alone.
 */
export type {
  Detail,
  EmptyField,
  ErrorCode,
  Role,
  TokenAnswer,
  TokenRequestBody,
} from '../lib/contract.ts';
export { TokenError, type TokenErrorCode, textsForReaders } from './errors.ts';
export { forTokenSource, type StayOptions, stayInMeeting } from './livekit.ts';
export { createTokenClient, type TokenClient, type TokenClientOptions } from './token-client.ts';
