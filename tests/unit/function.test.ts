import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimVariableOf, parseConfig } from '../../lib/config.ts';
import { roles } from '../../lib/contract.ts';
import { grants } from '../../lib/grants.ts';
import { httpHandler } from '../../lib/http.ts';
import { createLog } from '../../lib/log.ts';
import { bodySchema } from '../../lib/request.ts';
import { CredentialsCache } from '../../lib/secret/credentials-cache.ts';
import type { VersionedCredentials } from '../../lib/secret/versioned-credentials.ts';
import { createTokenEndpoint, type TokenEndpoint, warmUp } from '../../lib/token-endpoint.ts';
import { memberGrants, requestId, tokenEvent } from '../../stand-ins/lambda/event.ts';
import { credentials, verifier } from '../support/livekit-project.ts';
import { manualClock } from '../support/manual-clock.ts';

interface SetUp {
  fetch?: () => Promise<VersionedCredentials>;
  environment?: Record<string, string>;
  endpoint?: TokenEndpoint | undefined;
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
const down = () => Promise.reject(new Error('AccessDenied: arn:aws:secret'));
const unforeseen = () =>
  Promise.reject(new TypeError('an internal matter', { cause: new Error('its cause') }));
const base64 = (body: string) => ({ body: Buffer.from(body).toString('base64'), isBase64Encoded: true });
/** Each role's claim is called like the role. */
const enforced = Object.fromEntries(roles.map((role) => [claimVariableOf[role], role]));

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
    const { call } = setUp({ environment: { TOKEN_TTL_SECONDS: '120' } });
    const { statusCode, headers, body } = await call();
    expect({ statusCode, headers }).toEqual({ statusCode: 200, headers: json });
    const { nbf = 0, ...claims } = await verifier.verify(String(body['token']));
    const exp = nbf + 120;
    expect(claims).toEqual({ iss: 'APIkey', sub: 'user-001', name: 'Ana', video: memberGrants, exp });
    expect(body).toEqual({
      token: expect.any(String),
      room_name: 'reading-club-123',
      participant_name: 'Ana',
      role: 'member',
      server_url: 'wss://project.livekit.cloud',
      participant_token: body['token'],
      expires_at: new Date(exp * 1000).toISOString(),
    });
  });

  test.each([
    [{ headers: { 'content-type': '' } }, { room_name: 'reading-club-123' }],
    [base64('{"room_name":"reading-club-7","participant_name":"Ána"}'), { participant_name: 'Ána' }],
    // The 8 KiB are counted decoded.
    [base64('{"reading_club_id":1}'.padEnd(8192)), { room_name: 'reading-club-1' }],
    [base64('{"reading_club_id":1}'.padEnd(8193)), { code: 'body_too_large' }],
  ])('may lack its content type or come in base64: %#', async (event, answer) => {
    expect((await setUp().call(tokenEvent(event))).body).toMatchObject(answer);
  });

  test.each(roles)('of a %s is granted what the role may do', async (role) => {
    const { call } = setUp({ environment: enforced });
    const { body } = await call(tokenEvent({ claims: { sub: 'user-001', [role]: '[123]' } }));
    const { video, attributes } = await verifier.verify(String(body['token']));
    expect({ role: body['role'], video, attributes }).toEqual({
      role,
      video: { room: 'reading-club-123', ...grants[role] },
      attributes: role === 'member' ? undefined : { role },
    });
  });
});

describe('each error has its status, code and JSON', () => {
  const textPlain = { 'content-type': 'text/plain' };
  const long = 'x'.repeat(8193);
  const member = { sub: 'user-001', member: '[123]' };

  test.each([
    { status: 400, code: 'invalid_json', event: { body: undefined }, details: true },
    { status: 400, code: 'invalid_json', event: { body: '/w==', isBase64Encoded: true }, details: true },
    { status: 400, code: 'invalid_request', event: { body: '{}' }, details: true },
    { status: 401, code: 'unauthenticated', event: { claims: {} } },
    { status: 403, code: 'not_a_member', event: {} },
    { status: 413, code: 'body_too_large', event: { body: long } },
    { status: 415, code: 'unsupported_media_type', event: { headers: textPlain } },
    { status: 500, code: 'token_generation_failed', event: {}, endpoint: unforeseen },
    { status: 503, code: 'credentials_unavailable', event: { claims: member }, retryAfter: '5' },
    // Where several apply: 401, then those of the request, 403, 503.
    { status: 401, code: 'unauthenticated', event: { claims: {}, headers: textPlain, body: long } },
    { status: 400, code: 'invalid_request', event: { body: '{"reading_club_id":0}' }, details: true },
  ])('$status $code', async ({ status, code, event, details, endpoint, retryAfter }) => {
    const { call } = setUp({ environment: enforced, fetch: down, endpoint });
    const { statusCode, headers, body } = await call(tokenEvent(event));
    expect({ statusCode, headers }).toEqual({
      statusCode: status,
      headers: retryAfter === undefined ? json : { ...json, 'retry-after': retryAfter },
    });
    const expected = { error: expect.stringMatching(/\S/), code, request_id: requestId };
    expect(body).toEqual(details ? { ...expected, details: [expect.anything()] } : expected);
  });

  test('what is behind a 503 or 500 is for the log alone', async () => {
    const unavailable = setUp({ fetch: down });
    const { error: message } = (await unavailable.call()).body;
    expect(message).not.toContain('arn');
    expect(unavailable.lastLine()).toMatchObject({
      level: 'ERROR',
      causes: [{ name: 'CredentialsUnavailable', message }, { name: 'Error' }],
    });
    const failed = setUp({ endpoint: unforeseen });
    expect((await failed.call()).body).toMatchObject({ error: 'Failed to generate token' });
    expect(failed.lastLine()).toMatchObject({
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
    await call(tokenEvent({ claims: { sub: 'user-001', name: 'Ana', clubs: '["123"]' } }));
    const refused = { level: 'WARN', message: 'Token refused.', cold_start: 0 };
    expect(lastLine()).toMatchObject({
      ...refused,
      code: 'not_a_member',
      club: '123',
      unreadable_claims: ['clubs'],
    });
    await call(tokenEvent({ claims: { sub: '[user-001]' } }));
    expect(lastLine()).toMatchObject({ ...refused, code: 'unauthenticated', unreadable_claims: ['sub'] });
    await call(tokenEvent({ body: '{"reading_club_id":0}' }));
    expect(lastLine()).toMatchObject({ ...refused, status: 400, faults: ['reading_club_id'] });
    expect(lines).toHaveLength(4);
  });

  test('says with which credentials a request was served', async () => {
    const store = { isDown: false, isPrevious: false };
    const { call, clock, lastLine } = setUp({
      fetch: () =>
        store.isDown ? down() : Promise.resolve({ ...credentials, isPrevious: store.isPrevious }),
    });
    const servedAfter = async (ms: number) => {
      clock.freeze(ms);
      await call();
      const { code, credentials_state, credentials_age_ms } = lastLine();
      return [code, credentials_state, credentials_age_ms];
    };
    expect(await servedAfter(0)).toEqual(['ok', 'fresh', 0]);
    store.isDown = true;
    expect(await servedAfter(299_999)).toEqual(['ok', 'fresh', 299_999]);
    expect(await servedAfter(1)).toEqual(['ok', 'stale', 300_000]);

    Object.assign(store, { isDown: false, isPrevious: true });
    expect(await servedAfter(300_000)).toEqual(['ok', 'previous', 0]);
    store.isDown = true;
    expect(await servedAfter(299_999)).toEqual(['ok', 'previous', 299_999]);
    // Past due they are still the previous ones: the alarm for these must not end while the fault lasts.
    expect(await servedAfter(1)).toEqual(['ok', 'previous', 300_000]);
    expect(await servedAfter(3_600_000)).toEqual(['credentials_unavailable', undefined, undefined]);
    expect(lastLine()).toMatchObject({ club: '123' });
  });

  test('warns of every claim that can’t be read, also where the token is issued', async () => {
    const { call, lastLine } = setUp({ environment: { ...enforced, CLUBS_CLAIM: '' } });
    const claims = { sub: 'user-001', moderator: '{123}', listener: '123,124' };
    expect((await call(tokenEvent({ claims }))).body['role']).toBe('listener');
    expect(lastLine()).toMatchObject({
      level: 'WARN',
      code: 'ok',
      unreadable_claims: ['moderator', 'listener'],
    });
  });
});

describe('whatever is sent', () => {
  const claims = fc.oneof(
    fc.constant({ sub: 'user-001', member: '[1 2 3]' }),
    fc.dictionary(fc.constantFrom('sub', 'name', ...roles, '__proto__'), fc.string({ unit: 'binary' })),
  );
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(1, '1', 'reading-club-1', null, '', {}));
  const object = fc.dictionary(fc.constantFrom(...Object.keys(bodySchema.entries), 'other'), field);
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

  test.each([{ environment: enforced }, { environment: {} }])(
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
    const text = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(text, text, text, text),
        fc.constantFrom({}, { fetch: down }, { endpoint: unforeseen }),
        async ([sub, name, said, bearer], options) => {
          const { handler, lines } = setUp(options);
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
