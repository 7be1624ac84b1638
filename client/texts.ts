/** What to tell a reader, and in which language. */
import { environment } from './environment.ts';
import type { TokenErrorCode } from './error-codes.ts';

export type Language = 'en' | 'es';

export type Texts = Readonly<Record<TokenErrorCode, string>>;

/** A sentence for each code. Several codes share one: the reader can do the same about them. */
export const createTexts = (
  unreachable: string,
  gateway_forbidden: string,
  not_a_member: string,
  moderation_failed: string,
  ours: string,
  signIn: string,
  wait: string,
  invalid_request: string,
): Texts => ({
  invalid_json: ours,
  invalid_request,
  unauthenticated: signIn,
  not_a_member,
  body_too_large: ours,
  unsupported_media_type: ours,
  token_generation_failed: ours,
  credentials_unavailable: wait,
  gateway_unauthorized: signIn,
  gateway_forbidden,
  gateway_not_found: ours,
  gateway_throttled: wait,
  gateway_error: wait,
  unexpected_answer: ours,
  no_answer: unreachable,
  timeout: unreachable,
  moderation_failed,
});

export const english = createTexts(
  'The meeting can’t be reached. Please check your connection and try again.',
  'Your sign-in does not allow meetings.',
  'You are not a member of this reading club.',
  'That did not work. Please try again.',
  'Something went wrong on our side. Please tell us if it stays so.',
  'Please sign in again.',
  'Meetings can’t be opened at the moment. Please try again in a minute.',
  'This club or this name can’t be used. Please check both.',
);

/** The languages that are there. */
export const languages: { en: Texts; es?: Texts } = { en: english };

/** The first of the browser's languages that there are texts in, or English. */
export function browserLanguage(): Language {
  return `${environment.navigator?.languages}`.match(/\b(en|es)\b/)?.[0] === 'es' ? 'es' : 'en';
}
