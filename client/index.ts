/**
 * What a front end imports so that a reader can join a meeting and stay in it. It has no dependency; the part for LiveKit imports
 * only types of `livekit-client`.
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
