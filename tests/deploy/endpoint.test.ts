/** The stack as for production: readers of a Cognito user pool, their clubs its groups, and the real LiveKit server. */
import { readlink, realpath } from 'node:fs/promises';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import type { Stack } from '../../scripts/rehearsal/stack.ts';
import { tools } from '../../scripts/rehearsal/tools.ts';
import { createUserPool, type Jwts, type Reader, type UserPool } from '../../scripts/rehearsal/user-pool.ts';
import { askForToken, type Cloud, logWith, secret, startCloud } from './support/cloud.ts';
import { childrenOf } from './support/processes.ts';

const club = '42';
const room = 'reading-club-42';
const name = 'Ana Blandiana';

let liveKit: LiveKit;
let cloud: Cloud;
let pool: UserPool;
let ana: Reader;
let jwts: Jwts;
let stack: Stack;

beforeAll(async () => {
  const binary = await findLiveKit(process.env);
  if (binary === undefined) throw new Error(howToGetLiveKit);
  liveKit = await startLiveKit({
    binary,
    port: await freePort(),
    apiKey: secret.LIVEKIT_API_KEY,
    apiSecret: secret.LIVEKIT_API_SECRET,
  });
  cloud = await startCloud({ ...secret, LIVEKIT_WS_URL: liveKit.url });
  pool = await createUserPool(cloud.aws, cloud.ministack.region);
  ana = await pool.addReader('ana', { name, clubs: [club, 'poets'] });
  stack = await cloud.deploy({
    stage: 'prod',
    parameters: {
      issuer: pool.issuer,
      audience: pool.audience,
      origins: 'https://booky.example',
      'clubs-claim': 'cognito:groups',
    },
  });
  jwts = await ana.signIn();
});

afterAll(async () => {
  await cloud?.close();
  await liveKit?.close();
});

describe('a reader who has signed in', () => {
  test.each(['access', 'id'] as const)(
    'gets a token for the %s token, and LiveKit lets it in',
    async (kind) => {
      const { status, body, headers } = await askForToken(stack, { bearer: jwts[kind], club });
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { room_name: room, role: 'member', server_url: liveKit.url },
      });
      expect(headers.get('cache-control')).toBe('no-store');

      const token = String(body['token']);
      const claims = await new TokenVerifier(secret.LIVEKIT_API_KEY, secret.LIVEKIT_API_SECRET).verify(token);
      expect(claims).toMatchObject({
        sub: decodeJwt(jwts[kind]).sub,
        video: { room, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
      });
      const validate = new URL('/rtc/validate', liveKit.url.replace(/^ws/, 'http'));
      validate.searchParams.set('access_token', token);
      const response = await fetch(validate);
      expect({ status: response.status, text: await response.text() }).toEqual({
        status: 200,
        text: 'success',
      });
    },
  );

  test('has the name of the id token, since an access token holds none', async () => {
    const withName = await askForToken(stack, { bearer: jwts.id, club });
    expect(withName.body['participant_name']).toBe(name);
    const withoutName = await askForToken(stack, { bearer: jwts.access, club });
    expect(withoutName.body['participant_name']).toBe(decodeJwt(jwts.access).sub);
  });

  test('enters every club whose group they are in, and no other', async () => {
    expect(await askForToken(stack, { bearer: jwts.access, club: 'poets' })).toMatchObject({ status: 200 });
    for (const other of ['4', '421', 'poet', 'Poets']) {
      const { status, body } = await askForToken(stack, { bearer: jwts.access, club: other });
      expect({ status, code: body['code'] }, other).toEqual({ status: 403, code: 'not_a_member' });
    }
  });
});

describe('the gateway refuses', () => {
  const refused = { status: 401, body: { message: 'Unauthorized' } };

  test('a request without a bearer', async () => {
    expect(await askForToken(stack, { club })).toMatchObject(refused);
  });

  test('a token of another app in the same pool', async () => {
    const foreign = await ana.signIn(await pool.addClient('another app'));
    for (const bearer of [foreign.access, foreign.id]) {
      expect(await askForToken(stack, { bearer, club })).toMatchObject(refused);
    }
  });

  test.each<[string, (payload: JWTPayload, kid: string) => Promise<string>]>([
    [
      'signed with another key under the same key id',
      async (payload, kid) => {
        const { privateKey } = await generateKeyPair('RS256');
        return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey);
      },
    ],
    [
      'with no signature and alg none',
      async (payload, kid) =>
        `${[{ alg: 'none', kid }, payload]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.')}.`,
    ],
  ])('the same claims %s', async (_, forge) => {
    const kid = decodeProtectedHeader(jwts.access).kid ?? '';
    const bearer = await forge(decodeJwt(jwts.access), kid);
    expect(await askForToken(stack, { bearer, club })).toMatchObject(refused);
  });

  test('a signed token with another claim written into it', async () => {
    const [header, , signature] = jwts.access.split('.');
    const payload = { ...decodeJwt(jwts.access), 'cognito:groups': ['reading-club-7'] };
    const bearer = [header, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join('.');
    expect(await askForToken(stack, { bearer, club: '7' })).toMatchObject(refused);
  });
});

describe('the function', () => {
  test('runs on a Node 24 of its own', async () => {
    await askForToken(stack, { bearer: jwts.access, club });
    const programs = await Promise.all(
      (await childrenOf(cloud.ministack.pid)).map((pid) => readlink(`/proc/${pid}/exe`)),
    );
    expect(programs).not.toHaveLength(0);
    const node24 = await realpath(tools.node);
    for (const program of programs) expect(program).toBe(node24);
  });

  test('logs one JSON line a request, and nothing that is secret or names the reader', async () => {
    const granted = await askForToken(stack, { bearer: jwts.id, club });
    const refusedAnswer = await askForToken(stack, { bearer: jwts.id, club: 'not-mine' });
    const requestId = String(refusedAnswer.body['request_id']);
    const { lines, text } = await logWith(cloud.aws, stack, requestId);

    const ofRefusal = lines.filter((line) => line['request_id'] === requestId);
    expect(ofRefusal).toHaveLength(1);
    expect(ofRefusal[0]).toMatchObject({ status: 403, code: 'not_a_member', club: 'not-mine' });

    const ofGrants = lines.filter((line) => line['status'] === 200);
    for (const line of ofGrants) {
      expect(line).toMatchObject({
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'INFO',
        duration_ms: expect.any(Number),
        cold_start: expect.any(Number),
        credentials_version: expect.any(String),
        credentials_age_ms: expect.any(Number),
      });
    }
    // Readers met environments that the check of the version had started.
    const cold = ofGrants.filter((line) => line['cold_start'] === 1);
    expect(new Set(cold.map((line) => line['caller']))).toEqual(new Set(['check']));

    const neverLogged = [
      secret.LIVEKIT_API_KEY,
      secret.LIVEKIT_API_SECRET,
      String(granted.body['token']),
      jwts.id,
      jwts.access,
      ana.password,
      String(decodeJwt(jwts.id).sub),
      name,
      'Blandiana',
      'Bearer',
      // How every JWT begins.
      'eyJ',
    ];
    for (const word of neverLogged) expect(text, word).not.toContain(word);
  });
});

describe('the stack', () => {
  test('says where the endpoint is on AWS', () => {
    expect(stack.output('TokenEndpointUrl')).toBe(
      `https://${stack.apiId}.execute-api.${cloud.ministack.region}.amazonaws.com/api/reading-clubs/meetings/token`,
    );
  });

  test('keeps the logs of function and gateway for as long as production wants', async () => {
    const { logGroups } = await cloud.aws(
      ['logs', 'describe-log-groups'],
      v.object({ logGroups: v.array(v.object({ logGroupName: v.string(), retentionInDays: v.number() })) }),
    );
    expect(logGroups).toHaveLength(3);
    expect(logGroups).toEqual(
      expect.arrayContaining([
        { logGroupName: `/aws/lambda/${stack.functionName}`, retentionInDays: 90 },
        { logGroupName: '/aws/lambda/booky-meeting-token-prod-check', retentionInDays: 90 },
        { logGroupName: '/aws/vendedlogs/http-api/booky-meeting-token-prod', retentionInDays: 90 },
      ]),
    );
  });

  test('has its alarms, whose references are filled in', async () => {
    const { MetricAlarms: alarms } = await cloud.aws(
      ['cloudwatch', 'describe-alarms'],
      v.object({ MetricAlarms: v.array(v.looseObject({ AlarmName: v.string() })) }),
    );
    expect(alarms).toHaveLength(7);
    for (const { AlarmName: name } of alarms) expect(name).toContain(`${stack.functionName}-`);
    expect(alarms).toContainEqual(
      expect.objectContaining({
        Namespace: 'AWS/ApiGateway',
        MetricName: '5xx',
        Dimensions: [
          { Name: 'ApiId', Value: stack.apiId },
          { Name: 'Stage', Value: '$default' },
        ],
      }),
    );
    expect(JSON.stringify(alarms)).not.toContain('${');
  });

  test('counts 401 and 429 in the access log', async () => {
    const { metricFilters } = await cloud.aws(
      [
        'logs',
        'describe-metric-filters',
        '--log-group-name',
        '/aws/vendedlogs/http-api/booky-meeting-token-prod',
      ],
      v.object({ metricFilters: v.array(v.object({ filterPattern: v.string() })) }),
    );
    expect(metricFilters.map(({ filterPattern }) => filterPattern).toSorted()).toEqual([
      '{ $.status = 200 }',
      '{ $.status = 401 }',
      '{ $.status = 429 }',
    ]);
  });
});
