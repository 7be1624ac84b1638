/** docs/sign-in.md: a JWT of each provider's shape, through the verifying authorizer to the function. */
import { readFile } from 'node:fs/promises';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { createTokenEndpoint } from '../../../lib/token-endpoint.ts';
import { flattenClaims } from '../../../local/flatten-claims.cjs';
import { createJwtVerifier } from '../../../local/jwt-verifier.cjs';
import { type Claims, type Issuer, startIssuer } from '../../../stand-ins/issuer.ts';
import { credentials, verifier } from '../../support/livekit-project.ts';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

const accepted = ['booky', 'api://default', 'authenticated'];

/** What the gateway or the function answers to a JWT with these claims, for club 123. */
async function ask(jwt: string, environment: Record<string, string>) {
  const verdict = await createJwtVerifier({ issuer: issuer.url, audience: accepted })(jwt);
  if (!('claims' in verdict)) return verdict;
  const config = parseConfig({ LIVEKIT_SECRET_ID: 'booky/livekit', ...environment });
  const cache = { get: async () => ({ value: credentials, readAt: 0, isPastDue: false }) };
  const request = {
    claims: flattenClaims(verdict.claims),
    contentType: 'application/json',
    body: '{"reading_club_id":123}',
  };
  try {
    const { token } = await createTokenEndpoint(config, cache, Date.now)(request, {});
    const { sub, name } = await verifier.verify(token);
    return { sub, name };
  } catch (refusal) {
    return { code: Object(refusal).code };
  }
}

const uuid = '7d8ca528-4931-4254-9273-ea5ee853f271';
/** By the row of the page's table: a token's claims, and what has to be set for them. */
const providers: Record<string, { claims: Claims; environment: Record<string, string> }> = {
  'Cognito, access token': {
    claims: {
      aud: undefined,
      client_id: 'booky',
      sub: uuid,
      token_use: 'access',
      scope: 'openid',
      username: 'ana',
      'cognito:groups': ['reading-club-123', 'admins'],
    },
    environment: { CLUBS_CLAIM: 'cognito:groups', CLUBS_PREFIX: 'reading-club-' },
  },
  'Cognito, ID token': {
    claims: { sub: uuid, name: 'Ana', token_use: 'id', 'cognito:groups': ['reading-club-123'] },
    environment: { CLUBS_CLAIM: 'cognito:groups' },
  },
  Auth0: {
    claims: {
      aud: ['booky', 'https://tenant.eu.auth0.com/userinfo'],
      sub: 'auth0|507f1f77bcf86cd799439020',
      azp: 'client',
      scope: 'openid profile',
      'https://booky.example/reading_clubs': ['123', '456'],
    },
    environment: { CLUBS_CLAIM: 'https://booky.example/reading_clubs' },
  },
  Okta: {
    claims: {
      aud: 'api://default',
      sub: 'ana@booky.example',
      uid: '00uixa271s6x7qt8I0h7',
      scp: ['openid'],
      groups: ['reading-club-123', 'Everyone'],
    },
    environment: { CLUBS_CLAIM: 'groups', CLUBS_PREFIX: 'reading-club-', IDENTITY_CLAIM: 'uid' },
  },
  'Entra ID': {
    claims: { sub: 'pairwise', oid: uuid, name: 'Ana', roles: ['reading-club-123'], scp: 'access' },
    environment: { CLUBS_CLAIM: 'roles', IDENTITY_CLAIM: 'oid' },
  },
  Keycloak: {
    claims: {
      aud: ['booky', 'account'],
      sub: uuid,
      name: 'Ana',
      realm_access: { roles: ['offline_access'] },
      groups: ['/clubs/123', '/staff'],
    },
    environment: { CLUBS_CLAIM: 'groups', CLUBS_PREFIX: '/clubs/' },
  },
  Clerk: {
    claims: { sub: 'user_2abc', azp: 'https://booky.example', name: 'Ana', reading_clubs: [123] },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
  },
  Firebase: {
    claims: { sub: 'uid1', name: 'Ana', firebase: { identities: {} }, reading_clubs: ['123'] },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
  },
  Supabase: {
    claims: {
      aud: 'authenticated',
      sub: uuid,
      role: 'authenticated',
      app_metadata: { clubs: ['123'] },
      name: 'Ana',
      reading_clubs: ['123'],
    },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
  },
};

test('the page has a row for each provider, and no other', async () => {
  const page = await readFile(new URL('../../../docs/sign-in.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([A-Z][^|]*?) \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(providers));
});

test.each(Object.entries(providers))('%s: its JWT opens the club, as this reader', async (_row, provider) => {
  const { claims, environment } = provider;
  const { CLUBS_CLAIM = '', IDENTITY_CLAIM = 'sub' } = environment;
  const { [IDENTITY_CLAIM]: sub, name = sub } = claims;
  expect(await ask(await issuer.issueToken(claims), environment)).toEqual({ sub, name });
  const others = { ...claims, [CLUBS_CLAIM]: ['reading-club-1', '/clubs/1'] };
  expect(await ask(await issuer.issueToken(others), environment)).toEqual({ code: 'not_a_member' });
});

describe('what the page says can’t work', () => {
  const otherKey = async (alg: string) => {
    const { privateKey } = await generateKeyPair(alg);
    return new SignJWT({ iss: issuer.url, aud: 'booky', sub: 'user-001', exp: Date.now() })
      .setProtectedHeader({ alg, kid: issuer.kid })
      .sign(privateKey);
  };
  test.each<[string, () => Promise<string>]>([
    ['Supabase as it comes: ES256', () => otherKey('ES256')],
    ['EdDSA', () => otherKey('EdDSA')],
    ['Clerk as it comes: no aud', () => issuer.issueToken({ aud: undefined, sub: 'user_2abc' })],
    ['Keycloak as it comes: aud is account', () => issuer.issueToken({ aud: 'account', sub: uuid })],
    ['Auth0 without an audience: not a JWT', async () => 'an-opaque-access-token'],
    ['an issuer without its slash', () => issuer.issueToken({ iss: `${issuer.url}/`, sub: uuid })],
  ])('401: %s', async (_what, jwt) => {
    expect(await ask(await jwt(), {})).toMatchObject({ status: 401 });
  });

  test.each([
    ['roles within a claim', { realm_access: { roles: ['123'] } }, { CLUBS_CLAIM: 'realm_access' }],
    ['clubs in metadata', { app_metadata: { clubs: ['123'] } }, { CLUBS_CLAIM: 'app_metadata' }],
  ])('403: %s', async (_what, claims, environment) => {
    const jwt = await issuer.issueToken({ sub: uuid, ...claims });
    expect(await ask(jwt, environment)).toEqual({ code: 'not_a_member' });
  });

  test('401: an identity that is an array, though there is a sub', async () => {
    const jwt = await issuer.issueToken({ sub: uuid, ids: ['a', 'b'] });
    expect(await ask(jwt, { IDENTITY_CLAIM: 'ids' })).toEqual({ code: 'unauthenticated' });
  });
});
