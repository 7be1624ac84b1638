import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { createJwtVerifier } from '../../../local/jwt-verifier.cjs';
import { listen } from '../../support/listen.ts';
import { encode } from '../../support/tokens.ts';

/** `undefined` leaves a claim out. */
type Claims = Record<string, unknown>;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = new Map([
  ...['RS256', 'RS384', 'RS512', 'PS256'].map((alg) => [alg, rsa] as const),
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['EdDSA', generateKeyPairSync('ed25519')],
]);
const published = await Promise.all(
  [...keys].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
);
let issuer: string;
let reads: string[];
let down: boolean;

beforeEach(async () => {
  reads = [];
  down = false;
  const server = createServer(({ url = '' }, response) => {
    reads.push(url);
    const documents: Record<string, object> = {
      '/jwks': { keys: published },
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks` },
    };
    response.writeHead(down ? 503 : 200).end(JSON.stringify(down ? {} : documents[url]));
  });
  issuer = `http://127.0.0.1:${await listen(server)}`;
});

const nowSeconds = 1_795_471_200;
const now = new Date(nowSeconds * 1000 + 999);

const payload = (claims: Claims = {}) => ({
  iss: issuer,
  aud: 'booky',
  sub: 'user-001',
  exp: nowSeconds + 60,
  ...claims,
});

function sign(claims: Claims = {}, header: Partial<JWTHeaderParameters> = {}, key?: KeyObject) {
  const complete = { alg: 'RS256', kid: header.alg ?? 'RS256', ...header };
  const own = keys.get(complete.alg)?.privateKey ?? rsa.privateKey;
  return new SignJWT(payload(claims)).setProtectedHeader(complete).sign(key ?? own);
}

const verify = (token: string, routeScopes: string[] = [], at = now) =>
  createJwtVerifier({ issuer, audience: ['booky', 'other-app'] })(token, routeScopes, at);

const refused = (description: RegExp) => ({ status: 401, description: expect.stringMatching(description) });

describe('a signature', () => {
  it.each(['RS256', 'RS384', 'RS512'])('of %s is verified', async (alg) => {
    expect(await verify(await sign({}, { alg }))).toMatchObject({
      claims: { sub: 'user-001' },
      scopes: null,
    });
  });

  const withHeader = (header: object) => `${encode(header)}.${encode(payload())}`;
  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['of PS256, though the key set has its key', () => sign({}, { alg: 'PS256' }), /not RSA/],
    ['of ES256, though the key set has its key', () => sign({}, { alg: 'ES256' }), /not RSA/],
    ['of EdDSA, though the key set has its key', () => sign({}, { alg: 'EdDSA' }), /not RSA/],
    [
      'by another key under a known kid',
      () => sign({}, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
      /signature is invalid/,
    ],
    [
      'over other claims',
      async () => (await sign()).replace(/\..*\./, `.${encode(payload({ sub: 'admin' }))}.`),
      /signature is invalid/,
    ],
    ['that is none, with a kid', () => `${withHeader({ alg: 'none', kid: 'RS256' })}.`, /not RSA/],
    ['that is none', () => new UnsecuredJWT(payload()).encode(), /key id/],
    [
      'of HS256 with the public key as the secret',
      () => {
        const signed = withHeader({ alg: 'HS256', kid: 'RS256' });
        const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' });
        return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      },
      /not RSA/,
    ],
    [
      'without a kid',
      () => new SignJWT(payload()).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey),
      /no key id/,
    ],
    ['with an empty kid', () => sign({}, { kid: '' }), /no key id/],
    ['with a kid that the issuer does not have', () => sign({}, { kid: 'other' }), /not one of the issuer/],
  ])('%s is refused', async (_what, token, description) => {
    expect(await verify(await token())).toEqual(refused(description));
  });

  it.each(['', 'token', 'a.b', 'a.b.c', 'a.b.c.d', '..', 'e30.e30.e30'])(
    'cannot be on "%s"',
    async (token) => {
      expect(await verify(token)).toEqual(refused(/./));
    },
  );
});

describe('the claims', () => {
  it.each<[string, Claims]>([
    ['exp', { exp: nowSeconds + 1 }],
    ['nbf', { nbf: nowSeconds }],
    ['iat', { iat: nowSeconds }],
    ['aud, another accepted one', { aud: 'other-app' }],
    ['aud, several', { aud: ['elsewhere', 'booky'] }],
    ['client_id without aud', { aud: undefined, client_id: 'booky' }],
    ['aud, whatever the client_id', { client_id: 'elsewhere' }],
  ])('pass: %s', async (_, claims) => {
    expect(await verify(await sign(claims))).toMatchObject({ claims: { sub: 'user-001' } });
  });

  it.each<[string, Claims, RegExp]>([
    ['exp: now', { exp: nowSeconds }, /expired/],
    ['exp: past', { exp: nowSeconds - 1 }, /expired/],
    ['exp: absent', { exp: undefined }, /valid exp/],
    ['nbf: a second ahead', { nbf: nowSeconds + 1 }, /valid nbf/],
    ['iat: a second ahead', { iat: nowSeconds + 1 }, /future/],
    ['iss: foreign', { iss: 'https://elsewhere.example' }, /valid iss/],
    ['iss: absent', { iss: undefined }, /valid iss/],
    ['aud: foreign', { aud: 'elsewhere' }, /valid audience/],
    ['aud: foreign ones', { aud: ['elsewhere', 'nowhere'] }, /valid audience/],
    ['aud: none', { aud: [] }, /valid audience/],
    ['aud: foreign, whatever the client_id', { aud: 'elsewhere', client_id: 'booky' }, /valid audience/],
    ['aud: absent', { aud: undefined }, /valid audience/],
    ['client_id: foreign', { aud: undefined, client_id: 'elsewhere' }, /valid audience/],
  ])('are refused: %s', async (_, claims, description) => {
    expect(await verify(await sign(claims))).toEqual(refused(description));
  });

  it('are compared with the issuer to the letter, a trailing slash included', async () => {
    const token = await sign({ iss: `${issuer}/` });
    expect(await verify(token)).toEqual(refused(/valid iss/));
    const withSlash = createJwtVerifier({ issuer: `${issuer}/`, audience: ['booky'] });
    expect(await withSlash(token, [], now)).toMatchObject({ claims: { sub: 'user-001' } });
  });
});

describe('the scopes of a route', () => {
  it.each<[string, Claims]>([
    ['one of the token, of several', { scope: 'profile meetings/join' }],
    ['as scp', { scp: ['meetings/join'] }],
    ['as scp in one string', { scp: 'email meetings/join' }],
  ])('admit %s', async (_, claims) => {
    const verdict = await verify(await sign(claims), ['meetings/join', 'meetings/all']);
    expect(verdict).toMatchObject({ scopes: expect.arrayContaining(['meetings/join']) });
  });

  it.each<[string, Claims]>([
    ['without scopes', {}],
    ['with others', { scope: 'profile email' }],
    ['with one that only begins alike', { scope: 'meetings/joins' }],
  ])('forbid a token %s', async (_, claims) => {
    expect(await verify(await sign(claims), ['meetings/join'])).toEqual({ status: 403 });
  });

  it('come after everything else', async () => {
    expect(await verify(await sign({ exp: 1 }), ['meetings/join'])).toEqual(refused(/expired/));
  });
});

describe("the issuer's keys", () => {
  it('are read once, at the first token that has a kid', async () => {
    const verifyMany = createJwtVerifier({ issuer, audience: ['booky'] });
    await verifyMany('not a token', [], now);
    expect(reads).toEqual([]);
    await verifyMany(await sign(), [], now);
    await verifyMany(await sign(), [], now);
    expect(reads).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are requested again after a failure', async () => {
    const verifyMany = createJwtVerifier({ issuer, audience: ['booky'] });
    down = true;
    expect(await verifyMany(await sign(), [], now)).toEqual(refused(/discovery/));
    down = false;
    expect(await verifyMany(await sign(), [], now)).toMatchObject({ claims: { sub: 'user-001' } });
  });
});
