import { createHmac } from 'node:crypto';
import { base64url, type CryptoKey, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';
import { requestAs } from '../support/request-as.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.close());

const now = () => Math.floor(Date.now() / 1000);

/** The claims of a good JWT, for forgers to sign. */
const goodClaims = () => ({
  iss: laptop.issuer.url,
  aud: 'booky',
  sub: 'user-001',
  iat: now(),
  exp: now() + 60,
});

function signed(header: { kid?: string }, key: CryptoKey): Promise<string> {
  return new SignJWT(goodClaims()).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
}

describe('the gateway refuses', () => {
  const bearer = async (token: Promise<string>) => ({ authorization: `Bearer ${await token}` });

  it.each<[string, () => Promise<Record<string, string | undefined>>, RegExp]>([
    ['a missing token', async () => ({ authorization: undefined }), /^Bearer$/],
    ['another scheme', async () => ({ authorization: 'Basic YTpi' }), /invalid_token/],
    ['a bearer that is not a JWT', async () => ({ authorization: 'Bearer token' }), /malformed/],
    ['an expired one', () => bearer(laptop.issuer.issueToken({ sub: 'a', exp: now() - 1 })), /expired/],
    ['one for later', () => bearer(laptop.issuer.issueToken({ sub: 'a', nbf: now() + 60 })), /valid nbf/],
    [
      'one of another issuer',
      () => bearer(laptop.issuer.issueToken({ sub: 'a', iss: 'https://elsewhere.example' })),
      /valid iss/,
    ],
    [
      'one of the issuer with a trailing slash',
      () => bearer(laptop.issuer.issueToken({ sub: 'a', iss: `${laptop.issuer.url}/` })),
      /valid iss/,
    ],
    [
      'one for another audience',
      () => bearer(laptop.issuer.issueToken({ sub: 'a', aud: 'elsewhere' })),
      /valid audience/,
    ],
    [
      'one for another audience, whatever its client_id',
      () => bearer(laptop.issuer.issueToken({ sub: 'a', aud: 'elsewhere', client_id: 'booky' })),
      /valid audience/,
    ],
    [
      "one signed with a key that is not the issuer's",
      async () => {
        const { privateKey } = await generateKeyPair('RS256');
        return bearer(signed({ kid: laptop.issuer.kid }, privateKey));
      },
      /signature is invalid/,
    ],
    [
      'one with an unknown kid',
      () => bearer(signed({ kid: 'other' }, laptop.issuer.privateKey)),
      /not one of the issuer's/,
    ],
    ['one without a kid', () => bearer(signed({}, laptop.issuer.privateKey)), /no key id/],
    [
      'one without a signature (alg: none)',
      async () => ({ authorization: `Bearer ${new UnsecuredJWT(goodClaims()).encode()}` }),
      /invalid_token/,
    ],
    [
      'one without a signature, with a kid',
      async () => {
        const header = base64url.encode(JSON.stringify({ alg: 'none', kid: laptop.issuer.kid }));
        return { authorization: `Bearer ${header}.${base64url.encode(JSON.stringify(goodClaims()))}.` };
      },
      /not RSA/,
    ],
    [
      'one signed with the public key as a secret (HS256)',
      async () => {
        const header = base64url.encode(JSON.stringify({ alg: 'HS256', kid: laptop.issuer.kid }));
        const content = `${header}.${base64url.encode(JSON.stringify(goodClaims()))}`;
        const publicKey = await exportSPKI(laptop.issuer.publicKey);
        const signature = createHmac('sha256', publicKey).update(content).digest('base64url');
        return { authorization: `Bearer ${content}.${signature}` };
      },
      /not RSA/,
    ],
  ])('%s', async (_, headers, challenge) => {
    const response = await laptop.askForToken({ headers: await headers() });
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('www-authenticate')).toMatch(challenge);
    expect(await response.json()).toEqual({ message: 'Unauthorized' });
  });

  it('a valid JWT with one wrong character in its signature', async () => {
    const good = await laptop.issuer.issueToken({ sub: 'user-001' });
    expect((await laptop.askForToken({ headers: { authorization: `Bearer ${good}` } })).status).toBe(200);
    const changed = good.slice(0, -10) + (good.at(-10) === 'A' ? 'B' : 'A') + good.slice(-9);
    expect((await laptop.askForToken({ headers: { authorization: `Bearer ${changed}` } })).status).toBe(401);
  });

  it('another path, and another method', async () => {
    const { url } = laptop.api;
    expect((await fetch(`${url}/api/reading-clubs/meetings`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${url}/api/reading-clubs/meetings/token`)).status).toBe(404);
  });
});

describe('the function refuses', () => {
  const body = JSON.stringify({ reading_club_id: 123 });

  it.each([
    ['a missing body', { body: '' }, 400, 'invalid_json'],
    ['a body that is not JSON', { body: '{' }, 400, 'invalid_json'],
    ['a body that is no object', { body: '[]' }, 400, 'invalid_json'],
    ['a body without a club', { body: {} }, 400, 'invalid_request'],
    ['a club outside the grammar', { body: { reading_club_id: 'a b' } }, 400, 'invalid_request'],
    ['another identity', { body: { reading_club_id: 1, participant_identity: 'x' } }, 400, 'invalid_request'],
    ['a JWT without a sub', { claims: { name: 'Ana' } }, 401, 'unauthenticated'],
    ['a sub of 257 bytes', { claims: { sub: 'a'.repeat(257) } }, 401, 'unauthenticated'],
    ['a body of 8,193 bytes', { body: body.padEnd(8_193) }, 413, 'body_too_large'],
    [
      'another content type',
      { body, headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
  ])('%s', async (_, tokenRequest, status, code) => {
    const response = await laptop.askForToken(tokenRequest);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      error: expect.stringMatching(/./),
      code,
      request_id: expect.stringMatching(/./),
      ...(status === 400 && { details: [{ path: expect.any(String), message: expect.any(String) }] }),
    });
  });

  it('no body of 8,192 bytes', async () => {
    expect((await laptop.askForToken({ body: body.padEnd(8_192) })).status).toBe(200);
  });
});

describe('a request that names another host, as after DNS rebinding', () => {
  const path = '/api/reading-clubs/meetings/token';
  const ask = async (host: string, method: string, to = path) =>
    requestAs(host, laptop.api.url + to, {
      method,
      headers: {
        authorization: `Bearer ${await laptop.issuer.issueToken({ sub: 'user-001' })}`,
        'content-type': 'application/json',
        origin: 'http://localhost:3010',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
      ...(method === 'POST' && { body: '{"reading_club_id": 123}' }),
    });

  it.each(['localhost', '127.0.0.1', '[::1]'])('passes with the host %s', async (host) => {
    expect((await ask(`${host}:3000`, 'POST')).status).toBe(200);
    expect((await ask(`${host}:3000`, 'OPTIONS')).status).toBe(204);
  });

  it.each([
    ['POST', path],
    ['OPTIONS', path],
    ['GET', path],
    ['GET', '/'],
    ['OPTIONS', '/elsewhere'],
  ])('is refused whatever it asks for, and told why: %s %s', async (method, to) => {
    const { status, headers, body } = await ask('evil.example', method, to);
    expect(status).toBe(421);
    expect(body).toMatch(/localhost.*DNS rebinding/);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});
