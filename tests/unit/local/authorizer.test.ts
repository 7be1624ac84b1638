import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Issuer, startIssuer } from '../../../stand-ins/issuer.ts';

const require = createRequire(import.meta.url);
let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

/** The hook, loaded as serverless-offline does: by `require`, in a process of this environment. */
function loadHook(environment: Record<string, string>): typeof import('../../../local/authorizer.cjs') {
  const path = require.resolve('../../../local/authorizer.cjs');
  delete require.cache[path];
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    return require(path);
  } finally {
    vi.unstubAllEnvs();
  }
}

/** hapi's toolkit, as far as the hook uses it: what it is told ends up in `answer`. */
function toolkit() {
  const answer: { status?: number; body?: object; headers: Record<string, string>; passed: boolean } = {
    headers: {},
    passed: false,
  };
  const response = {
    code: (status: number) => {
      answer.status = status;
      return response;
    },
    header: (name: string, value: string) => {
      answer.headers[name] = value;
      return response;
    },
    takeover: () => answer,
  };
  return {
    answer,
    h: {
      authenticated: () => {
        answer.passed = true;
        return answer;
      },
      response: (body: object) => {
        answer.body = body;
        return response;
      },
    },
  };
}

async function ask(
  authorizer: string | { scopes?: string[] } | undefined,
  authorization: string | undefined,
  rawHeaders: string[] = [],
  fault = '',
) {
  const hook = loadHook({
    AUTHORIZER_ISSUER: issuer.url,
    AUTHORIZER_AUDIENCE: 'other,booky',
    AUTHORIZER_FAULT: fault,
  });
  const endpoint = authorizer === undefined ? {} : { authorizer };
  const strategy = hook(endpoint, 'token', 'POST', '/api/token');
  const request = {
    headers: authorization === undefined ? {} : { authorization },
    raw: { req: { rawHeaders } },
  };
  const { h, answer } = toolkit();
  await strategy.getAuthenticateFunction({ ext: () => {} }).authenticate(request, h);
  return { ...answer, rawHeaders: request.raw.req.rawHeaders };
}

const override = 'sls-offline-authorizer-override';

describe('a route with an authorizer', () => {
  it('passes a reader on, with the verified claims as strings', async () => {
    const token = await issuer.issueToken({ sub: 'user-001', exp: 4102444800, clubs: ['a', 'b'], iat: 1 });
    const { passed, rawHeaders } = await ask({}, `Bearer ${token}`, ['Accept', '*/*']);
    expect(passed).toBe(true);
    expect(rawHeaders.slice(0, -1)).toEqual(['Accept', '*/*', override]);
    expect(JSON.parse(rawHeaders.at(-1) ?? '')).toEqual({
      jwt: {
        claims: {
          iss: issuer.url,
          aud: 'booky',
          sub: 'user-001',
          iat: '1',
          exp: '4102444800',
          clubs: '[a b]',
        },
        scopes: null,
      },
    });
  });

  it('drops what the client sent as the override, in any case and number', async () => {
    const forged = JSON.stringify({ jwt: { claims: { sub: 'admin' } } });
    const token = await issuer.issueToken({ sub: 'user-001' });
    const { rawHeaders } = await ask({}, `Bearer ${token}`, [
      override,
      forged,
      'Content-Type',
      override,
      'SLS-Offline-Authorizer-Override',
      forged,
    ]);
    expect(rawHeaders.filter((_, index) => index % 2 === 0)).toEqual(['Content-Type', override]);
    expect(rawHeaders.join()).not.toContain('admin');
    expect(rawHeaders[1]).toBe(override);
  });

  it('takes the token without the word Bearer too', async () => {
    expect(await ask('jwt', await issuer.issueToken({ sub: 'a' }))).toMatchObject({ passed: true });
  });

  it.each([undefined, '', 'Bearer '])('answers 401 without a token: %j', async (authorization) => {
    expect(await ask({}, authorization)).toEqual({
      passed: false,
      status: 401,
      body: { message: 'Unauthorized' },
      headers: { 'www-authenticate': 'Bearer' },
      rawHeaders: [],
    });
  });

  it('answers 401 and why to a bad token', async () => {
    const token = await issuer.issueToken({ sub: 'a', aud: 'elsewhere' });
    expect(await ask({}, `Bearer ${token}`)).toMatchObject({
      passed: false,
      status: 401,
      body: { message: 'Unauthorized' },
      headers: {
        'www-authenticate':
          'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"',
      },
    });
  });

  it('answers 403 without one of its scopes', async () => {
    const route = { scopes: ['meetings/join'] };
    const without = await issuer.issueToken({ sub: 'a', scope: 'email' });
    expect(await ask(route, `Bearer ${without}`)).toMatchObject({
      passed: false,
      status: 403,
      body: { message: 'Forbidden' },
    });
    const withScope = await issuer.issueToken({ sub: 'a', scope: 'email meetings/join' });
    const { rawHeaders } = await ask(route, `Bearer ${withScope}`);
    expect(JSON.parse(rawHeaders[1] ?? '')).toMatchObject({ jwt: { scopes: ['email', 'meetings/join'] } });
  });
});

it('a route without an authorizer lets everyone through, without claims', async () => {
  const forged = JSON.stringify({ jwt: { claims: { sub: 'admin' } } });
  const { passed, rawHeaders } = await ask(undefined, 'Bearer anything', [override, forged]);
  expect(passed).toBe(true);
  expect(rawHeaders).toEqual([override, '{}']);
});

it('names each route apart', () => {
  const hook = loadHook({ AUTHORIZER_ISSUER: issuer.url, AUTHORIZER_AUDIENCE: 'booky' });
  const names = [
    hook({}, 'token', 'POST', '/a'),
    hook({}, 'token', 'GET', '/a'),
    hook({}, 'token', 'POST', '/b'),
  ];
  expect(new Set(names.map(({ name }) => name)).size).toBe(3);
});

it('FAULT=slow: a reader passes after ten seconds', async () => {
  const wait = vi.spyOn(require('node:timers/promises'), 'setTimeout').mockResolvedValue(undefined);
  const { passed } = await ask({}, await issuer.issueToken({ sub: 'a' }), [], 'slow');
  expect(passed).toBe(true);
  expect(wait.mock.calls).toEqual([[10_000]]);
  wait.mockRestore();
});
