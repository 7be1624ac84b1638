/** Signing in: the only module that knows how a reader gets the bearer token that the API verifies. */
import * as v from 'valibot';
import { type Role, roles } from '../../../lib/contract.ts';
import { type Choices, clubsIn } from './choose.tsx';
import { ExplainedError, reach } from './explain.ts';
import type { PageSettings, SignIn } from './settings.ts';

/** The reader's own JWT, fresh from the identity provider. */
export function signIn({ signIn: provider }: PageSettings, choices: Choices): Promise<string> {
  return provider.kind === 'development'
    ? signInForDevelopment(provider, choices)
    : signInAtUserPool(provider, choices);
}

const DevelopmentAnswer = v.object({ access_token: v.string() });

async function signInForDevelopment(provider: SignIn<'development'>, choices: Choices): Promise<string> {
  const url = new URL('/token', provider.issuerUrl);
  url.search = developmentClaims(provider.claims, choices).toString();
  const response = await reach('The sign-in (development issuer)', url.href, {});
  const answer = v.safeParse(DevelopmentAnswer, await response.json().catch(() => undefined));
  if (!response.ok || !answer.success) {
    const why = `The development issuer answered with status ${response.status}: the id must not be empty.`;
    throw new ExplainedError('The sign-in refused you.', why);
  }
  return answer.output.access_token;
}

const UserPoolAnswer = v.object({ AuthenticationResult: v.object({ AccessToken: v.string() }) });

/** Signs in as a front end's Cognito library does: with a name and a password. */
async function signInAtUserPool(
  { url, clientId, passwords }: SignIn<'user-pool'>,
  { reader }: Choices,
): Promise<string> {
  const response = await reach('The sign-in (Cognito user pool)', url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: clientId,
      AuthParameters: { USERNAME: reader.id, PASSWORD: passwords[reader.id] ?? '' },
    }),
  });
  const answer = v.safeParse(UserPoolAnswer, await response.json().catch(() => undefined));
  if (!response.ok || !answer.success) {
    const why = `The user pool answered with status ${response.status}. Its readers are ${Object.keys(passwords).join(', ')}.`;
    throw new ExplainedError('The sign-in refused you.', why);
  }
  return answer.output.AuthenticationResult.AccessToken;
}

/** The development issuer signs all claims that a request asks for. */
function developmentClaims(names: Readonly<Record<Role, string>>, choices: Choices): URLSearchParams {
  const { reader, signIn } = choices;
  const claims = new URLSearchParams({ sub: reader.id });
  if (signIn !== 'nameless') claims.set('name', reader.name);
  for (const role of roles) {
    // The issuer ignores empty values, but makes an array of a parameter that comes more than once, even with one value.
    for (const id of [...clubsIn(role, choices), '', '']) claims.append(names[role], id);
  }
  if (signIn === 'expired') claims.set('exp', String(Math.floor(Date.now() / 1000) - 3600));
  if (signIn === 'foreign') claims.set('aud', 'another-application');
  return claims;
}
