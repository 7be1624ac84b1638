/**
 * What a front end imports so that a reader can join a meeting and stay in it, and a moderator moderate it. It has no dependency;
 * the parts for LiveKit import only types of `livekit-client`.
 */
export type {
  Detail,
  EmptyField,
  ErrorCode,
  Role,
  TokenAnswer,
  TokenRequestBody,
} from '../lib/contract.ts';
export { textForDevice, textForEnd } from './endings.ts';
export type { TokenErrorCode } from './error-codes.ts';
export { TokenError } from './errors.ts';
export { type JoinOptions, joinMeeting } from './join.ts';
export { createModerator, type Moderator } from './moderation.ts';
export { textsForReaders } from './spanish.ts';
export { type StayOptions, stayInMeeting } from './stay.ts';
export { browserLanguage, type Language } from './texts.ts';
export {
  createTokenClient,
  type GetTokenOptions,
  type TokenClient,
  type TokenClientOptions,
} from './token-client.ts';
export { meetingTokenSource } from './token-source.ts';
