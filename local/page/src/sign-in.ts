/** Signing in: the only module that knows how a reader gets the bearer token that the API verifies. */
import * as v from 'valibot';
import { type Role, roles } from '../../../lib/contract.ts';
import type { Choices } from './choose.tsx';
import { whyNoAnswer } from './explain.ts';
import { type PageSettings, usualClaims } from './settings.ts';

const UserPoolAnswer = v.object({ AuthenticationResult: v.object({ AccessToken: v.string() }) });

/** The reader's own JWT, fresh from the identity provider. */
export async function signIn({ signIn: provider }: PageSettings, choices: Choices): Promise<string> {
  if (provider.kind === 'development') {
    const claims = developmentClaims({ ...usualClaims, ...provider.claims }, choices);
    const headers = { accept: 'application/jwt' };
    return answer('development issuer', `${provider.issuerUrl}/token?${claims}`, { headers });
  }
  const { url, clientId, passwords } = provider;
  const { id } = choices;
  const body = await answer('Cognito user pool', url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: clientId,
      AuthParameters: { USERNAME: id, PASSWORD: passwords[id] ?? '' },
    }),
  });
  return v.parse(UserPoolAnswer, JSON.parse(body)).AuthenticationResult.AccessToken;
}

/** The body of the answer; rejects with what a developer needs to know. */
async function answer(who: string, url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init).catch(async () => {
    throw new Error(await whyNoAnswer(`The sign-in (${who})`, url));
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`The sign-in (${who}) answered ${response.status} ${body}`);
  return body;
}

/** The development issuer signs all claims that a request asks for. */
function developmentClaims(names: Readonly<Record<Role, string>>, choices: Choices): URLSearchParams {
  const { id, name, club, as, signIn } = choices;
  const claims = new URLSearchParams({ sub: id });
  if (signIn !== 'nameless') claims.set('name', name);
  for (const role of roles) {
    const isListed = role === as || (role === 'member' && as !== 'stranger');
    // The issuer ignores empty values, but makes an array of a parameter that comes more than once, even with one value.
    for (const listed of [isListed ? club : '', '', '']) claims.append(names[role], listed);
  }
  if (as === 'stranger') claims.append(names.member, 'some-other-club');
  if (signIn === 'expired') claims.set('exp', String(Math.floor(Date.now() / 1000) - 3600));
  if (signIn === 'foreign') claims.set('aud', 'another-application');
  return claims;
}
