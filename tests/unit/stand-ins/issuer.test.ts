import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Issuer, startIssuer } from '../../../stand-ins/issuer.ts';

let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

const get = (path: string, init?: RequestInit) => fetch(issuer.url + path, init);

async function tokenFor(query: string): Promise<string> {
  const response = await get(`/token?${query}`, { headers: { accept: 'application/jwt' } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/jwt');
  return response.text();
}

const keySetSchema = v.object({ keys: v.array(v.looseObject({ n: v.string(), kid: v.string() })) });
const keySetOf = async (url: string) => v.parse(keySetSchema, await (await fetch(`${url}/jwks`)).json());

const tokenSchema = v.strictObject({
  access_token: v.string(),
  token_type: v.literal('Bearer'),
});

const now = () => Math.floor(Date.now() / 1000);

describe('discovery', () => {
  it('names the issuer exactly, and its key set, which verifies what it signs', async () => {
    const document = await (await get('/.well-known/openid-configuration')).json();
    expect(document).toMatchObject({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` });

    const token = await tokenFor('sub=user-001&name=Ana');
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: issuer.url,
      audience: 'booky',
    });
    expect(payload).toEqual({
      iss: issuer.url,
      aud: 'booky',
      sub: 'user-001',
      name: 'Ana',
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 3600,
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: issuer.kid, typ: 'JWT' });
  });

  it('shows the public key alone, and a new one at each start', async () => {
    const [key, ...more] = (await keySetOf(issuer.url)).keys;
    expect(more).toEqual([]);
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);

    const other = await startIssuer({ port: 0 });
    const [otherKey] = (await keySetOf(other.url)).keys;
    await other.close();
    expect(otherKey?.n).not.toBe(key?.n);
    expect(otherKey?.kid).not.toBe(key?.kid);
  });
});

describe('GET /token', () => {
  it('answers as an OAuth token endpoint does', async () => {
    const response = await get('/token?sub=user-001');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { access_token: token } = v.parse(tokenSchema, await response.json());
    expect(decodeJwt(token)).toMatchObject({ sub: 'user-001' });
  });

  it('makes every parameter a claim, text as it is', async () => {
    const token = await tokenFor('sub=1&email=a%40b.c&cognito:username=ana&level=7');
    expect(decodeJwt(token)).toMatchObject({
      sub: '1',
      email: 'a@b.c',
      'cognito:username': 'ana',
      level: '7',
    });
  });

  it('makes a repeated parameter an array, in which empty values count for nothing', async () => {
    const token = await tokenFor('sub=1&groups=a&groups=b&aud=x&aud=y&clubs=42&clubs=&none=&none=');
    expect(decodeJwt(token)).toMatchObject({
      groups: ['a', 'b'],
      aud: ['x', 'y'],
      clubs: ['42'],
      none: [],
    });
  });

  it('takes exp, nbf and iat as seconds, even past ones', async () => {
    const past = now() - 60;
    const token = await tokenFor(`sub=1&exp=${past}&nbf=${past - 10}&iat=${past - 20}`);
    expect(decodeJwt(token)).toMatchObject({ exp: past, nbf: past - 10, iat: past - 20 });
  });

  it('takes another issuer or audience, and leaves out what is given empty', async () => {
    expect(decodeJwt(await tokenFor('sub=1&iss=https://other&aud=other'))).toMatchObject({
      iss: 'https://other',
      aud: 'other',
    });
    const claims = decodeJwt(await tokenFor('sub=1&aud=&exp=&client_id=booky'));
    expect(Object.keys(claims).sort()).toEqual(['client_id', 'iat', 'iss', 'sub']);
  });

  it.each([
    ['', /sub is missing/],
    ['sub=', /sub is missing/],
    ['name=Ana', /sub is missing/],
    ['sub=a&sub=b', /sub is given more than once/],
    ['sub=a&exp=soon', /exp is not a number of seconds/],
    ['sub=a&exp=1.5', /exp is not a number of seconds/],
    ['sub=a&nbf=-1', /nbf is not a number of seconds/],
    ['sub=a&exp=1&exp=2', /exp is given more than once/],
    ['sub=a&iss=b&iss=c', /iss is given more than once/],
  ])('refuses "%s" in JSON', async (query, message) => {
    const response = await get(`/token?${query}`, { headers: { accept: 'application/jwt' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ error: expect.stringMatching(message) });
  });
});

it('knows no other path and no other method', async () => {
  expect((await get('/')).status).toBe(404);
  expect((await get('/token?sub=a', { method: 'POST' })).status).toBe(405);
});

describe('a page in a browser', () => {
  it.each(['http://localhost:3010', 'http://127.0.0.1:5173', 'http://localhost'])(
    'of this machine may ask: %s',
    async (origin) => {
      const response = await get('/token?sub=a', { headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      const preflight = await get('/token?sub=a', { method: 'OPTIONS', headers: { origin } });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-methods')).toBe('GET');
    },
  );

  it.each(['https://example.com', 'http://localhost.example.com', 'http://example.com:3010', 'null'])(
    'of elsewhere may not: %s',
    async (origin) => {
      const response = await get('/token?sub=a', { headers: { origin } });
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
      expect(response.headers.get('vary')).toBe('origin');
    },
  );
});

it('signs claims for tests, over the same defaults', async () => {
  const claims = decodeJwt(await issuer.issueToken({ sub: 'a', exp: undefined, clubs: [1] }));
  expect(claims).toEqual({ iss: issuer.url, aud: 'booky', iat: expect.any(Number), sub: 'a', clubs: [1] });
});

it('rejects if its port is taken', async () => {
  const port = Number(new URL(issuer.url).port);
  await expect(startIssuer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
