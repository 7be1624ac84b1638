/** Requests over HTTP, from the gateway's checks to the answer: what the rules are in detail is in tests/unit. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { TokenSource } from 'livekit-client';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberGrants } from '../../stand-ins/lambda/event.ts';
import { expectDocumented } from '../support/documented-answer.ts';
import { type Laptop, secret, startLaptop } from '../support/laptop.ts';
import { requestAs } from '../support/request-as.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop({ parameters: { origins: 'http://localhost:3010,https://booky.example' } });
});
afterAll(() => laptop.close());

const path = '/api/reading-clubs/meetings/token';
const answerSchema = v.looseObject({ token: v.string() });

/** What LiveKit's own SDK reads in an answer's token, having verified it with the project's secret. */
async function verifiedClaims(response: Response) {
  const { token } = v.parse(answerSchema, await response.json());
  return new TokenVerifier(secret.LIVEKIT_API_KEY, secret.LIVEKIT_API_SECRET).verify(token);
}

describe('a reader with a good JWT', () => {
  it('gets the answer of the contract, and a token with its claims and no others', async () => {
    const before = Math.floor(Date.now() / 1000);
    const response = await laptop.askForToken({
      body: { reading_club_id: 123, participant_name: 'Ana Ruiz' },
      headers: { origin: 'https://booky.example' },
    });

    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://booky.example');
    expect(listed(response, 'access-control-expose-headers')).toContain('retry-after');
    const answer = v.parse(answerSchema, await response.clone().json());
    const claims = await verifiedClaims(response);
    const { nbf = 0 } = claims;
    expect(answer).toEqual({
      token: answer.token,
      participant_token: answer.token,
      room_name: 'reading-club-123',
      participant_name: 'Ana Ruiz',
      role: 'member',
      server_url: 'ws://localhost:7880',
      expires_at: new Date((nbf + 600) * 1000).toISOString(),
    });
    expect(claims).toEqual({
      iss: 'devkey',
      sub: 'user-001',
      name: 'Ana Ruiz',
      nbf,
      exp: nbf + 600,
      video: memberGrants,
    });
    expect(nbf).toBeGreaterThanOrEqual(before);
    expect(nbf).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('gets one with client_id instead of aud, and reaches the function with claims that are all strings', async () => {
    // A number as `sub` would be no reader's id, were it handed over as what it is.
    const claims = { sub: 4711, aud: undefined, client_id: 'booky' };
    const response = await laptop.askForToken({ claims });
    expect(await verifiedClaims(response)).toMatchObject({ sub: '4711', name: '4711' });
  });
});

describe('a client that sends its own authorizer header', () => {
  const forged = JSON.stringify({ jwt: { claims: { sub: 'admin', name: 'Admin' }, scopes: null } });

  it('is who the JWT says, also when it sends the header many times', async () => {
    const sent = request(laptop.api.url + path, { method: 'POST' });
    sent.setHeader('authorization', `Bearer ${await laptop.issuer.issueToken({ sub: 'user-001' })}`);
    sent.setHeader('content-type', 'application/json');
    sent.setHeader('SLS-Offline-Authorizer-Override', [forged, forged]);
    sent.end('{"reading_club_id":123}');
    const [received] = await once(sent, 'response');
    const answer = new Response(Buffer.concat(await received.toArray()), {
      status: received.statusCode,
      headers: received.headers,
    });
    expect(answer.status).toBe(200);
    await expectDocumented(answer);
    expect(await verifiedClaims(answer)).toMatchObject({ sub: 'user-001' });
  });

  it('is refused without a JWT', async () => {
    const headers = { authorization: undefined, 'sls-offline-authorizer-override': forged };
    expect((await laptop.askForToken({ headers })).status).toBe(401);
  });
});

describe('the gateway refuses', () => {
  it.each([
    ['a missing token', undefined, /^Bearer$/],
    ['another scheme', 'Basic YTpi', /invalid_token/],
    ['an expired one', { exp: 1 }, /expired/],
    ['one for another audience', { aud: 'elsewhere' }, /valid audience/],
  ])('%s', async (_, claims, challenge) => {
    const authorization =
      typeof claims === 'object'
        ? `Bearer ${await laptop.issuer.issueToken({ sub: 'a', ...claims })}`
        : claims;
    const response = await laptop.askForToken({ headers: { authorization } });
    expect(response.status).toBe(401);
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
    expect((await fetch(url + path)).status).toBe(404);
  });
});

describe('the function refuses', () => {
  const body = JSON.stringify({ reading_club_id: 123 });

  it.each([
    ['a body that is not JSON', { body: '{' }, 400, 'invalid_json'],
    ['a missing body', { body: '' }, 400, 'invalid_json'],
    ['a body without a club', { body: {} }, 400, 'invalid_request'],
    ['a JWT without a sub', { claims: { name: 'Ana' } }, 401, 'unauthenticated'],
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
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ code });
  });

  it('no body of 8,192 bytes', async () => {
    expect((await laptop.askForToken({ body: body.padEnd(8_192) })).status).toBe(200);
  });
});

/** The elements of a list header, in lower case. */
const listed = (response: Response, name: string) =>
  (response.headers.get(name) ?? '').toLowerCase().split(/ *, */);

describe('a preflight', () => {
  const preflight = (origin: string) =>
    fetch(laptop.api.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it.each(['http://localhost:3010', 'https://booky.example'])(
    'of %s passes, without a JWT',
    async (origin) => {
      const response = await preflight(origin);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(listed(response, 'access-control-allow-methods')).toContain('post');
      expect(listed(response, 'access-control-allow-headers')).toEqual(
        expect.arrayContaining(['authorization', 'content-type']),
      );
    },
  );

  it.each(['https://booky.example.elsewhere.example', 'http://booky.example', 'http://localhost:3011'])(
    'of %s does not',
    async (origin) => {
      expect((await preflight(origin)).headers.has('access-control-allow-origin')).toBe(false);
    },
  );
});

describe('a request that names another host, as after DNS rebinding', () => {
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

  it('passes with the host 127.0.0.1', async () => {
    expect((await ask('127.0.0.1:3000', 'POST')).status).toBe(200);
    expect((await ask('127.0.0.1:3000', 'OPTIONS')).status).toBe(204);
  });

  it.each([
    ['POST', path],
    ['OPTIONS', path],
    ['GET', '/'],
    ['OPTIONS', '/elsewhere'],
  ])('is refused whatever it asks for, and told why: %s %s', async (method, to) => {
    const { status, headers, body } = await ask('evil.example', method, to);
    expect(status).toBe(421);
    expect(body).toMatch(/localhost.*DNS rebinding/);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('LiveKit’s SDKs: the bodies of docs/other-clients.md, and livekit-client itself', async () => {
  const page = await readFile(new URL('../../docs/other-clients.md', import.meta.url), 'utf8');

  /** By SDK: the one block of JSON in its section. */
  const bodies = new Map(
    page
      .split(/^## /m)
      .slice(2)
      .map((section) => [
        /^.*/.exec(section)?.[0],
        [...section.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, body]) => body),
      ]),
  );

  /** Dart's http names the encoding of a body of text. */
  const contentTypes = new Map([['Flutter', 'application/json; charset=utf-8']]);

  it('are all tried', () => {
    expect([...bodies.keys()]).toEqual(['Swift', 'Android', 'Flutter', 'Rust', 'Unity', 'Python']);
  });

  it.each([...bodies])(
    '%s’s request gets a token, and with a name one of this name',
    async (sdk = '', sent) => {
      const [body = '', ...others] = sent;
      expect(others).toEqual([]);
      const headers = { 'content-type': contentTypes.get(sdk) ?? 'application/json' };
      const response = await laptop.askForToken({ body, headers });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ room_name: 'reading-club-123' });
      const named = { ...JSON.parse(body), participant_name: 'Ana Ruiz' };
      const answer = await laptop.askForToken({ body: named, headers });
      expect(await answer.json()).toMatchObject({ participant_name: 'Ana Ruiz' });
    },
  );

  it('livekit-client’s TokenSource.endpoint gets a token, and a clean 400 when it does not say which room', async () => {
    const headers = { authorization: `Bearer ${await laptop.issuer.issueToken({ sub: 'user-001' })}` };
    const source = TokenSource.endpoint(laptop.api.url + path, { headers });
    const { serverUrl, participantToken } = await source.fetch({ roomName: 'reading-club-123' });
    expect([serverUrl, participantToken]).toEqual([
      expect.stringMatching(/^wss?:/),
      expect.stringMatching(/^eyJ/),
    ]);
    await expect(source.fetch({})).rejects.toThrow('400');
  });
});
