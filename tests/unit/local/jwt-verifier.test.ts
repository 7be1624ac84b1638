import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import {
  base64url,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createJwtVerifier } from '../../../local/jwt-verifier.cjs';
import { listenOnLoopback } from '../../../stand-ins/listen-on-loopback.ts';

/** `undefined` leaves a claim out. */
type Claims = Record<string, unknown>;

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'EdDSA'] as const;
const keys = new Map<string, { privateKey: CryptoKey; publicKey: CryptoKey }>();
let published: JWK[];
let reads: string[];
let down = false;
let server: Server;
let issuer: string;

beforeAll(async () => {
  for (const alg of algorithms) keys.set(alg, await generateKeyPair(alg));
  published = await Promise.all(
    [...keys].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
  );
  server = createServer((request, response) => {
    reads.push(request.url ?? '');
    if (down) response.writeHead(503).end('{}');
    else if (request.url === '/jwks') response.end(JSON.stringify({ keys: published }));
    else if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }));
    } else response.writeHead(404).end('{}');
  });
  const port = await listenOnLoopback(server);
  issuer = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  reads = [];
  down = false;
});

const nowSeconds = 1_795_471_200;
const now = new Date(nowSeconds * 1000 + 999);

function keyOf(alg: string) {
  const pair = keys.get(alg);
  if (!pair) throw new Error(`no key for ${alg}`);
  return pair;
}

function sign(claims: Claims = {}, header: Partial<JWTHeaderParameters> = {}, key?: CryptoKey) {
  const payload = { iss: issuer, aud: 'booky', sub: 'user-001', exp: nowSeconds + 60, ...claims };
  const complete = { alg: 'RS256', kid: header.alg ?? 'RS256', ...header };
  return new SignJWT(payload).setProtectedHeader(complete).sign(key ?? keyOf(complete.alg).privateKey);
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

  it.each(['PS256', 'ES256', 'EdDSA'])('of %s is refused, though the key set has its key', async (alg) => {
    expect(await verify(await sign({}, { alg }))).toEqual(refused(/not RSA/));
  });

  it('by another key under a known kid is refused', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    expect(await verify(await sign({}, {}, privateKey))).toEqual(refused(/signature is invalid/));
  });

  it('over other claims is refused', async () => {
    const [header, , signature] = (await sign()).split('.');
    const claims = base64url.encode(
      JSON.stringify({ iss: issuer, aud: 'booky', sub: 'admin', exp: nowSeconds + 60 }),
    );
    expect(await verify(`${header}.${claims}.${signature}`)).toEqual(refused(/signature is invalid/));
  });

  it('that is none is refused', async () => {
    const claims = { iss: issuer, aud: 'booky', sub: 'user-001', exp: nowSeconds + 60 };
    expect(await verify(new UnsecuredJWT(claims).encode())).toEqual(refused(/key id/));
    const header = base64url.encode(JSON.stringify({ alg: 'none', kid: 'RS256' }));
    const body = base64url.encode(JSON.stringify(claims));
    expect(await verify(`${header}.${body}.`)).toEqual(refused(/not RSA/));
  });

  it('of HS256 with the public key as the secret is refused', async () => {
    const secret = await exportSPKI(keyOf('RS256').publicKey);
    const header = base64url.encode(JSON.stringify({ alg: 'HS256', kid: 'RS256' }));
    const claims = base64url.encode(
      JSON.stringify({ iss: issuer, aud: 'booky', sub: 'user-001', exp: nowSeconds + 60 }),
    );
    const signature = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url');
    expect(await verify(`${header}.${claims}.${signature}`)).toEqual(refused(/not RSA/));
  });

  it('needs a kid, and one that the issuer has', async () => {
    const payload = { iss: issuer, aud: 'booky', exp: nowSeconds + 60 };
    const withoutKid = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256' })
      .sign(keyOf('RS256').privateKey);
    expect(await verify(withoutKid)).toEqual(refused(/no key id/));
    expect(await verify(await sign({}, { kid: '' }))).toEqual(refused(/no key id/));
    expect(await verify(await sign({}, { kid: 'other' }))).toEqual(refused(/not one of the issuer/));
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
