/** Signing in: the one place that knows how a reader gets the bearer that the API verifies. */
import * as v from 'valibot';
import type { Choices } from './choices.ts';
import { Problem } from './problem.ts';
import { reach } from './reach.ts';
import type { Settings } from './settings.ts';

const Answer = v.object({ access_token: v.string() });

/** The reader's own JWT, fresh from the identity provider. */
export async function signIn(settings: Settings, choices: Choices): Promise<string> {
  const url = new URL('/token', settings.signIn.issuerUrl);
  url.search = developmentClaims(settings.signIn.claims, choices).toString();
  const response = await reach('The sign-in (development issuer)', url.href, {});
  const answer = v.safeParse(Answer, await response.json().catch(() => undefined));
  if (!response.ok || !answer.success) {
    throw new Problem('The sign-in refused you.', {
      why: `The development issuer answered with status ${response.status}.`,
      remedy: 'Choose another reader: the id must not be empty.',
    });
  }
  return answer.output.access_token;
}

/** The development issuer signs whatever it is asked for. */
function developmentClaims(
  names: Settings['signIn']['claims'],
  { reader, clubs, quality }: Choices,
): URLSearchParams {
  const claims = new URLSearchParams({ sub: reader.id, name: reader.name });
  for (const role of ['member', 'moderator', 'listener'] as const) {
    // Empty values count for nothing, but a parameter that comes more than once is an array, even of one.
    for (const id of [...clubs[role], '', '']) claims.append(names[role], id);
  }
  if (quality === 'expired') claims.set('exp', String(Math.floor(Date.now() / 1000) - 3600));
  if (quality === 'foreign') claims.set('aud', 'another-application');
  return claims;
}
