/** docs/sign-in.md: a JWT of each provider's shape, through the verifying authorizer to the function. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { generateKeyPair, SignJWT } from 'jose';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { createTokenEndpoint } from '../../../lib/token-endpoint.ts';
import { type Claims, type Issuer, startIssuer } from '../../../stand-ins/issuer.ts';

const require = createRequire(import.meta.url);
const { createJwtVerifier }: typeof import('../../../local/jwt-verifier.cjs') =
  require('../../../local/jwt-verifier.cjs');
const { flattenClaims }: typeof import('../../../local/flatten-claims.cjs') =
  require('../../../local/flatten-claims.cjs');

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

const credentials = {
  apiKey: 'APIkey',
  apiSecret: 'a-secret-of-at-least-32-characters',
  serverUrl: 'wss://project.livekit.cloud',
  versionId: 'version-1',
  isPrevious: false,
};
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
    body: Buffer.from('{"reading_club_id":123}'),
  };
  return createTokenEndpoint(
    config,
    cache,
    Date.now,
  )(request, {}).then(
    async ({ participant_token: token }) => {
      const { sub, name } = await new TokenVerifier(credentials.apiKey, credentials.apiSecret).verify(token);
      return { sub, name };
    },
    ({ code }) => ({ code }),
  );
}

interface Provider {
  /** The row of the page's table. */
  row: string;
  claims: Claims;
  environment: Record<string, string>;
  reader: { sub: string; name: string };
}

const uuid = '7d8ca528-4931-4254-9273-ea5ee853f271';
const providers: Provider[] = [
  {
    row: 'Cognito, access token',
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
    reader: { sub: uuid, name: uuid },
  },
  {
    row: 'Cognito, ID token',
    claims: { sub: uuid, name: 'Ana', token_use: 'id', 'cognito:groups': ['reading-club-123'] },
    environment: { CLUBS_CLAIM: 'cognito:groups' },
    reader: { sub: uuid, name: 'Ana' },
  },
  {
    row: 'Auth0',
    claims: {
      aud: ['booky', 'https://tenant.eu.auth0.com/userinfo'],
      sub: 'auth0|507f1f77bcf86cd799439020',
      azp: 'client',
      scope: 'openid profile',
      'https://booky.example/reading_clubs': ['123', '456'],
    },
    environment: { CLUBS_CLAIM: 'https://booky.example/reading_clubs' },
    reader: { sub: 'auth0|507f1f77bcf86cd799439020', name: 'auth0|507f1f77bcf86cd799439020' },
  },
  {
    row: 'Okta',
    claims: {
      aud: 'api://default',
      sub: 'ana@booky.example',
      uid: '00uixa271s6x7qt8I0h7',
      scp: ['openid'],
      groups: ['reading-club-123', 'Everyone'],
    },
    environment: { CLUBS_CLAIM: 'groups', CLUBS_PREFIX: 'reading-club-', IDENTITY_CLAIM: 'uid' },
    reader: { sub: '00uixa271s6x7qt8I0h7', name: '00uixa271s6x7qt8I0h7' },
  },
  {
    row: 'Entra ID',
    claims: {
      sub: 'pairwise',
      oid: uuid,
      name: 'Ana',
      ver: '2.0',
      roles: ['reading-club-123'],
      scp: 'access',
    },
    environment: { CLUBS_CLAIM: 'roles', IDENTITY_CLAIM: 'oid' },
    reader: { sub: uuid, name: 'Ana' },
  },
  {
    row: 'Keycloak',
    claims: {
      aud: ['booky', 'account'],
      sub: uuid,
      name: 'Ana',
      realm_access: { roles: ['offline_access'] },
      groups: ['/clubs/123', '/staff'],
    },
    environment: { CLUBS_CLAIM: 'groups', CLUBS_PREFIX: '/clubs/' },
    reader: { sub: uuid, name: 'Ana' },
  },
  {
    row: 'Clerk',
    claims: {
      sub: 'user_2abc',
      azp: 'https://booky.example',
      sid: 'sess_1',
      name: 'Ana',
      reading_clubs: [123],
    },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
    reader: { sub: 'user_2abc', name: 'Ana' },
  },
  {
    row: 'Firebase',
    claims: {
      sub: 'uid1',
      user_id: 'uid1',
      name: 'Ana',
      firebase: { identities: {} },
      reading_clubs: ['123'],
    },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
    reader: { sub: 'uid1', name: 'Ana' },
  },
  {
    row: 'Supabase',
    claims: {
      aud: 'authenticated',
      sub: uuid,
      role: 'authenticated',
      app_metadata: { clubs: ['123'] },
      name: 'Ana',
      reading_clubs: ['123'],
    },
    environment: { CLUBS_CLAIM: 'reading_clubs' },
    reader: { sub: uuid, name: 'Ana' },
  },
];

test('the page has a row for each provider, and no other', async () => {
  const page = await readFile(new URL('../../../docs/sign-in.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([A-Z][^|]*?) \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(providers.map(({ row }) => row));
});

test.each(providers)(
  '$row: its JWT opens the club, as this reader',
  async ({ claims, environment, reader }) => {
    const jwt = await issuer.issueToken(claims);
    expect(await ask(jwt, environment)).toEqual(reader);
    const listed = { ...claims, [environment['CLUBS_CLAIM'] ?? '']: ['reading-club-1', '/clubs/1'] };
    expect(await ask(await issuer.issueToken(listed), environment)).toEqual({ code: 'not_a_member' });
  },
);

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
    const answer = v.parse(v.object({ status: v.number() }), await ask(await jwt(), {}));
    expect(answer.status).toBe(401);
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
