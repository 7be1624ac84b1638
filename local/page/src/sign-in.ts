/** Signing in: the only module that knows how a reader gets the bearer token that the API verifies. */
import { signInToUserPool } from '../../cognito.ts';
import { type SignInClaims, signInQuery } from '../../development-sign-in.ts';
import { type Choices, nameOf } from './choose.tsx';
import { whyNoAnswer } from './explain.ts';
import type { PageSettings } from './settings.ts';

/** The reader's own JWT, fresh from the identity provider. */
export async function signIn({ signIn: provider }: PageSettings, choices: Choices): Promise<string> {
  if (provider.kind === 'user-pool') {
    const user = { USERNAME: choices.reader, PASSWORD: provider.passwords[choices.reader] ?? '' };
    return signInToUserPool(provider.url, provider.clientId, user);
  }
  const url = `${provider.issuerUrl}/token?${developmentQuery(provider.claims, choices)}`;
  const response = await fetch(url, { headers: { accept: 'application/jwt' } }).catch(async () => {
    throw new Error(await whyNoAnswer('The sign-in (development issuer)', url));
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`The sign-in (development issuer) answered ${response.status} ${body}`);
  return body;
}

function developmentQuery(names: SignInClaims, choices: Choices): URLSearchParams {
  const { reader: id, club, as, signIn } = choices;
  const name = signIn === 'nameless' ? undefined : nameOf(choices);
  const query = signInQuery(names, {
    id,
    name,
    clubs: { ...(as !== 'stranger' && { member: club }), [as]: club },
  });
  if (signIn === 'expired') query.set('exp', String(Math.floor(Date.now() / 1000) - 3600));
  if (signIn === 'foreign') query.set('aud', 'another-application');
  return query;
}
