/** Signing in: the only module that knows how a reader gets the bearer token that the API verifies. */
import type { Role } from '../../../lib/contract.ts';
import { signInToUserPool } from '../../cognito.ts';
import { type Choices, nameOf } from './choose.tsx';
import { whyNoAnswer } from './explain.ts';
import type { PageSettings } from './settings.ts';

/** The reader's own JWT, fresh from the identity provider. */
export async function signIn({ signIn: provider }: PageSettings, choices: Choices): Promise<string> {
  if (provider.kind === 'user-pool') {
    const user = { USERNAME: choices.reader, PASSWORD: provider.passwords[choices.reader] ?? '' };
    return signInToUserPool(provider.url, provider.clientId, user);
  }
  const url = `${provider.issuerUrl}/token?${developmentClaims(provider.claims, choices)}`;
  const response = await fetch(url, { headers: { accept: 'application/jwt' } }).catch(async () => {
    throw new Error(await whyNoAnswer('The sign-in (development issuer)', url));
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`The sign-in (development issuer) answered ${response.status} ${body}`);
  return body;
}

/** The development issuer signs all claims that a request asks for. */
function developmentClaims(names: { readonly [role in Role]?: string }, choices: Choices): URLSearchParams {
  const { reader, club, as, signIn } = choices;
  const claims = new URLSearchParams({ sub: reader });
  if (signIn !== 'nameless') claims.set('name', nameOf(choices));
  for (const [role, claim] of Object.entries(names)) {
    const isListed = role === as || (role === 'member' && as !== 'stranger');
    // The issuer ignores empty values, but makes an array of a parameter that comes more than once, even with one value.
    for (const listed of [isListed ? club : '', '']) claims.append(claim, listed);
  }
  if (signIn === 'expired') claims.set('exp', String(Math.floor(Date.now() / 1000) - 3600));
  if (signIn === 'foreign') claims.set('aud', 'another-application');
  return claims;
}
