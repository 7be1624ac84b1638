import fc from 'fast-check';
import { TokenVerifier } from 'livekit-server-sdk';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { httpHandler } from '../../lib/http.ts';
import { createLog } from '../../lib/log.ts';
import { CredentialsCache } from '../../lib/secret/credentials-cache.ts';
import type { VersionedCredentials } from '../../lib/secret/versioned-credentials.ts';
import { createTokenEndpoint, type TokenEndpoint, warmUp } from '../../lib/token-endpoint.ts';
import { requestId, tokenEvent } from '../../stand-ins/lambda/event.ts';
import { manualClock } from '../support/manual-clock.ts';

const credentials = {
  apiKey: 'APIkey',
  apiSecret: 'a-secret-of-at-least-32-characters',
  serverUrl: 'wss://project.livekit.cloud',
  versionId: 'version-1',
  isPrevious: false,
};
const verifier = new TokenVerifier(credentials.apiKey, credentials.apiSecret);

interface SetUp {
  fetch?: () => Promise<VersionedCredentials>;
  environment?: Record<string, string>;
  endpoint?: TokenEndpoint;
}

/** The function as `handlers/token.ts` wires it, with a fetch, a clock and a log of the test's own. */
function setUp({ fetch = () => Promise.resolve(credentials), environment = {}, endpoint }: SetUp = {}) {
  const config = parseConfig({ LIVEKIT_SECRET_ID: 'booky/livekit', ...environment });
  const clock = manualClock();
  const lines: string[] = [];
  const log = createLog({
    threshold: 'DEBUG',
    namespace: 'token',
    now: clock.now,
    write: (line) => lines.push(line),
  });
  const cache = new CredentialsCache({
    fetch,
    times: config.credentials,
    clock,
    random: () => 0,
    onFailure: () => {},
  });
  const handler = httpHandler(endpoint ?? createTokenEndpoint(config, cache, clock.now), log, clock.now);
  const call = async (event = tokenEvent()) => {
    const result = await handler(event);
    const body: Record<string, unknown> = JSON.parse(result.body ?? '');
    return { ...result, body };
  };
  return { call, handler, clock, lines, lastLine: () => JSON.parse(lines.at(-1) ?? '{}') };
}

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const member = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };

test('only the stage in an event, which the gateway sets, marks a request as the check’s', async () => {
  const { call, lastLine } = setUp();
  await call(
    tokenEvent({ headers: { 'content-type': 'application/json', stage: 'check', 'x-caller': 'check' } }),
  );
  expect(lastLine()).not.toHaveProperty('caller');
  const event = tokenEvent();
  event.requestContext.stage = 'check';
  await call(event);
  expect(lastLine()).toMatchObject({ caller: 'check', _aws: { CloudWatchMetrics: [] } });
});

describe('a good request', () => {
  test('is answered with exactly the fields of the contract', async () => {
    const { call } = setUp();
    const { statusCode, headers, body } = await call();
    expect({ statusCode, headers }).toEqual({ statusCode: 200, headers: json });
    expect(body).toEqual({
      token: expect.any(String),
      room_name: 'reading-club-123',
      participant_name: 'Ana',
      role: 'member',
      server_url: 'wss://project.livekit.cloud',
      participant_token: body['token'],
      expires_at: expect.any(String),
    });
    const { nbf, exp = 0, ...claims } = await verifier.verify(String(body['token']));
    expect(claims).toEqual({
      iss: 'APIkey',
      sub: 'user-001',
      name: 'Ana',
      video: { room: 'reading-club-123', ...member },
    });
    expect(nbf).toBeTypeOf('number');
    expect(body['expires_at']).toBe(new Date(exp * 1000).toISOString());
  });

  test('may come in base64', async () => {
    const { call } = setUp();
    const body = Buffer.from('{"room_name":"reading-club-7","participant_name":"Ána"}').toString('base64');
    expect((await call(tokenEvent({ body, isBase64Encoded: true }))).body).toMatchObject({
      room_name: 'reading-club-7',
      participant_name: 'Ána',
    });
  });

  test('has its 8 KiB counted decoded', async () => {
    const { call } = setUp();
    const ofSize = (size: number) => Buffer.from('{"reading_club_id":1}'.padEnd(size)).toString('base64');
    expect((await call(tokenEvent({ body: ofSize(8192), isBase64Encoded: true }))).statusCode).toBe(200);
    expect((await call(tokenEvent({ body: ofSize(8193), isBase64Encoded: true }))).statusCode).toBe(413);
  });

  test('needs no content type', async () => {
    const { call } = setUp();
    expect((await call(tokenEvent({ headers: { 'content-type': '' } }))).statusCode).toBe(200);
  });

  test('has its time to live from the configuration', async () => {
    const { call } = setUp({ environment: { TOKEN_TTL_SECONDS: '120' } });
    const { nbf = 0, exp = 0 } = await verifier.verify(String((await call()).body['token']));
    expect(exp - nbf).toBeGreaterThanOrEqual(119);
    expect(exp - nbf).toBeLessThanOrEqual(120);
  });

  test('of each role is granted what the role may do', async () => {
    const { call } = setUp({
      environment: { CLUBS_CLAIM: 'clubs', MODERATED_CLUBS_CLAIM: 'moderated', LISTENERS_CLAIM: 'listening' },
    });
    const granted = async (lists: Record<string, string>) => {
      const { body } = await call(tokenEvent({ claims: { sub: 'user-001', ...lists } }));
      const { video, attributes } = await verifier.verify(String(body['token']));
      return { role: body['role'], video, attributes };
    };
    const room = 'reading-club-123';
    expect(await granted({ clubs: '[123]' })).toEqual({
      role: 'member',
      video: { room, ...member },
      attributes: undefined,
    });
    expect(await granted({ moderated: '[123]' })).toEqual({
      role: 'moderator',
      video: { room, ...member, roomAdmin: true },
      attributes: { role: 'moderator' },
    });
    expect(await granted({ clubs: '[123]', listening: '[123]' })).toEqual({
      role: 'listener',
      video: { room, ...member, canPublish: false },
      attributes: { role: 'listener' },
    });
  });
});

describe('each error has its status, code and JSON', () => {
  const enforced = { CLUBS_CLAIM: 'clubs' };
  const textPlain = { 'content-type': 'text/plain' };
  const long = 'x'.repeat(8193);

  test.each([
    { status: 400, code: 'invalid_json', event: { body: undefined }, details: true },
    { status: 400, code: 'invalid_json', event: { body: '{' }, details: true },
    { status: 400, code: 'invalid_json', event: { body: '/w==', isBase64Encoded: true }, details: true },
    { status: 400, code: 'invalid_request', event: { body: '{}' }, details: true },
    { status: 401, code: 'unauthenticated', event: { claims: {} } },
    { status: 403, code: 'not_a_member', event: {} },
    { status: 413, code: 'body_too_large', event: { body: long } },
    { status: 415, code: 'unsupported_media_type', event: { headers: textPlain } },
    // Where several apply: 401, 415, 413, 400, 403.
    { status: 401, code: 'unauthenticated', event: { claims: {}, headers: textPlain, body: long } },
    { status: 415, code: 'unsupported_media_type', event: { headers: textPlain, body: long } },
    { status: 400, code: 'invalid_request', event: { body: '{"reading_club_id":0}' }, details: true },
  ])('$status $code', async ({ status, code, event, details }) => {
    const { call } = setUp({ environment: enforced, fetch: () => Promise.reject(new Error('down')) });
    const { statusCode, headers, body } = await call(tokenEvent(event));
    expect({ statusCode, headers }).toEqual({ statusCode: status, headers: json });
    const expected = { error: expect.stringMatching(/\S/), code, request_id: requestId };
    expect(body).toEqual(details ? { ...expected, details: [expect.anything()] } : expected);
  });

  test('503 credentials_unavailable, last of all, with Retry-After', async () => {
    const { call, lastLine } = setUp({
      fetch: () => Promise.reject(new Error('AccessDenied: arn:aws:secret')),
    });
    const { statusCode, headers, body } = await call();
    expect({ statusCode, headers }).toEqual({ statusCode: 503, headers: { ...json, 'retry-after': '5' } });
    expect(body).toEqual({
      error: expect.not.stringContaining('arn'),
      code: 'credentials_unavailable',
      request_id: requestId,
    });
    expect(lastLine()).toMatchObject({
      level: 'ERROR',
      causes: [{ name: 'CredentialsUnavailable', message: body['error'] }, { name: 'Error' }],
    });
  });

  test('500 token_generation_failed for anything unforeseen, which only the log is told', async () => {
    const endpoint = () =>
      Promise.reject(new TypeError('an internal matter', { cause: new Error('its cause') }));
    const { call, lastLine } = setUp({ endpoint });
    const { statusCode, headers, body } = await call();
    expect({ statusCode, headers }).toEqual({ statusCode: 500, headers: json });
    expect(body).toEqual({
      error: 'Failed to generate token',
      code: 'token_generation_failed',
      request_id: requestId,
    });
    expect(lastLine()).toMatchObject({
      level: 'ERROR',
      code: 'token_generation_failed',
      causes: [{ name: 'TypeError', message: 'an internal matter' }, { message: 'its cause' }],
    });
  });

  test('an event without an authorizer is unauthenticated, however bare it is', async () => {
    const { call } = setUp();
    const bare = JSON.parse('{}');
    for (const event of [
      JSON.parse('null'),
      bare,
      { ...bare, requestContext: {} },
      { ...bare, requestContext: { authorizer: { jwt: { claims: null } } } },
      {
        ...bare,
        requestContext: { authorizer: { jwt: { claims: {} } } },
        headers: { 'content-type': [] },
        body: 5,
      },
      { ...tokenEvent(), requestContext: { authorizer: {} } },
    ]) {
      expect((await call(event)).statusCode).toBe(401);
    }
  });
});

describe('the log', () => {
  test('has one line a request: what came of it, and nothing that names the reader', async () => {
    const { call, clock, lines, lastLine } = setUp({ environment: { CLUBS_CLAIM: 'clubs' } });
    await call(tokenEvent({ claims: { sub: 'user-001', name: 'Ana', clubs: '[123]' } }));
    expect(lastLine()).toEqual({
      timestamp: new Date(clock.now()).toISOString(),
      level: 'INFO',
      message: 'Token issued.',
      request_id: requestId,
      status: 200,
      code: 'ok',
      requests: 1,
      duration_ms: 0,
      cold_start: 1,
      stale_credentials: 0,
      previous_credentials: 0,
      _aws: expect.anything(),
      club: '123',
      role: 'member',
      credentials_version: 'version-1',
      credentials_age_ms: 0,
      credentials_state: 'fresh',
    });
    clock.freeze(1_500);
    await call(tokenEvent({ claims: { sub: 'user-001', name: 'Ana', clubs: '["123"]' } }));
    expect(lastLine()).toMatchObject({
      level: 'WARN',
      message: 'Token refused.',
      code: 'not_a_member',
      club: '123',
      cold_start: 0,
      unreadable_claims: ['clubs'],
    });
    await call(tokenEvent({ claims: { sub: 'user-001' } }));
    expect(lastLine()).toMatchObject({ code: 'not_a_member', absent_claims: ['clubs'] });
    await call(tokenEvent({ claims: { sub: '[user-001]' } }));
    expect(lastLine()).toMatchObject({ code: 'unauthenticated', unreadable_claims: ['sub'] });
    await call(tokenEvent({ body: '{"reading_club_id":0}' }));
    expect(lastLine()).toMatchObject({
      level: 'WARN',
      message: 'Token refused.',
      status: 400,
      faults: ['reading_club_id'],
    });
    expect(lines).toHaveLength(5);
  });

  test('says with which credentials a request was served', async () => {
    const healthy = { isDown: false, isPrevious: false };
    const { call, clock, lastLine } = setUp({
      fetch: () =>
        healthy.isDown
          ? Promise.reject(new Error('no route'))
          : Promise.resolve({ ...credentials, isPrevious: healthy.isPrevious }),
    });
    await call();
    expect(lastLine()).toMatchObject({ credentials_state: 'fresh', credentials_age_ms: 0 });

    healthy.isDown = true;
    clock.freeze(299_999);
    await call();
    expect(lastLine()).toMatchObject({ credentials_state: 'fresh', credentials_age_ms: 299_999 });
    clock.freeze(1);
    await call();
    expect(lastLine()).toMatchObject({ credentials_state: 'stale', credentials_age_ms: 300_000 });

    Object.assign(healthy, { isDown: false, isPrevious: true });
    clock.freeze(300_000);
    await call();
    expect(lastLine()).toMatchObject({ credentials_state: 'previous', credentials_age_ms: 0 });

    healthy.isDown = true;
    clock.freeze(299_999);
    await call();
    expect(lastLine()).toMatchObject({ credentials_state: 'previous', credentials_age_ms: 299_999 });
    clock.freeze(1);
    await call();
    // Past due they are still the previous ones: the alarm for these must not end while the fault lasts.
    expect(lastLine()).toMatchObject({ credentials_state: 'previous', credentials_age_ms: 300_000 });

    clock.freeze(3_600_000);
    await call();
    expect(lastLine()).toMatchObject({ code: 'credentials_unavailable', club: '123' });
    expect(lastLine()).not.toHaveProperty('credentials_state');
  });

  test('warns of every claim that can’t be read, also where the token is issued', async () => {
    const { call, lastLine } = setUp({
      environment: { MODERATED_CLUBS_CLAIM: 'moderated', LISTENERS_CLAIM: 'listening' },
    });
    const claims = { sub: 'user-001', moderated: '{123}', listening: '123,124' };
    expect((await call(tokenEvent({ claims }))).body['role']).toBe('listener');
    expect(lastLine()).toMatchObject({
      level: 'WARN',
      code: 'ok',
      unreadable_claims: ['moderated', 'listening'],
    });
  });
});

describe('whatever is sent', () => {
  const claims = fc.oneof(
    fc.constant({ sub: 'user-001', clubs: '[1 2 3]' }),
    fc.dictionary(
      fc.constantFrom('sub', 'name', 'clubs', 'moderated', 'listening', '__proto__'),
      fc.string({ unit: 'binary' }),
    ),
  );
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(1, '1', 'reading-club-1', null, '', {}));
  const object = fc.record(
    {
      reading_club_id: field,
      room_name: field,
      participant_name: field,
      participant_identity: field,
      participant_metadata: field,
      participant_attributes: field,
      room_config: field,
      other: field,
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    object.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.constant(undefined),
  );
  const events = fc.record({
    claims,
    body,
    isBase64Encoded: fc.boolean(),
    headers: fc.oneof(
      fc.constant({}),
      fc.constant({ 'content-type': 'application/json' }),
      fc.record({ 'content-type': fc.string() }),
    ),
  });
  const environment = {
    CLUBS_CLAIM: 'clubs',
    MODERATED_CLUBS_CLAIM: 'moderated',
    LISTENERS_CLAIM: 'listening',
  };

  test.each([{ environment }, { environment: {} }])(
    'the function never throws, never answers 5xx, never mints a room outside the grammar: $environment',
    async (options) => {
      const { call } = setUp(options);
      await fc.assert(
        fc.asyncProperty(events, async (options) => {
          const { statusCode = 0, body } = await call(tokenEvent(options));
          expect([200, 400, 401, 403, 413, 415]).toContain(statusCode);
          if (statusCode !== 200) return;
          const { video, sub } = await verifier.verify(String(body['token']));
          expect(video?.room).toMatch(/^reading-club-(?!reading-club-)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/i);
          expect(sub).toBe(options.claims.sub);
        }),
        { numRuns: 1_000 },
      );
    },
  );

  test('no answer and no log line tells the API secret, and no log line the reader, the token or the body', async () => {
    const telling = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
    await fc.assert(
      fc.asyncProperty(
        telling,
        telling,
        telling,
        telling,
        fc.constantFrom('ok', 'down', 'crash'),
        async (sub, name, said, bearer, mode) => {
          const fetch = () =>
            mode === 'ok' ? Promise.resolve(credentials) : Promise.reject(new Error('no route'));
          const crash = { endpoint: () => Promise.reject(new Error('unforeseen')) };
          const { handler, lines } = setUp(mode === 'crash' ? crash : { fetch });
          const events = [
            { body: JSON.stringify({ reading_club_id: 1, participant_name: said }) },
            {
              body: JSON.stringify({
                reading_club_id: `${said}!`,
                participant_metadata: said,
                participant_identity: said,
              }),
            },
            { body: JSON.stringify([said]) },
            { body: said },
            { body: said, isBase64Encoded: true },
          ];
          for (const event of events) {
            const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
            const result = await handler(tokenEvent({ claims: { sub, name }, headers, ...event }));
            expect(result.body).not.toContain(credentials.apiSecret);
            const token: unknown = JSON.parse(result.body ?? '{}').token;
            const line = lines.at(-1) ?? '';
            for (const secret of [sub, name, said, bearer, credentials.apiSecret, token ?? bearer]) {
              expect(line).not.toContain(secret);
            }
          }
          expect(lines).toHaveLength(events.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});

test('the warm-up request follows every rule for requests', async () => {
  await expect(warmUp(Date.now)).resolves.toBeUndefined();
});
