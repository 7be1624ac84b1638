/** The stack as for production: readers of a Cognito user pool, their clubs its groups, and the real LiveKit server. */
import { readlink, realpath } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { TokenVerifier } from 'livekit-server-sdk';
import { describe, expect, test } from 'vitest';
import { tools } from '../../scripts/rehearsal/tools.ts';
import { askForToken, logWith, startCloud } from './support/cloud.ts';
import { childrenOf } from './support/processes.ts';

const club = '42';
const room = 'reading-club-42';
const name = 'Ana Blandiana';

const cloud = await startCloud();
const { secret } = cloud;
const ana = await cloud.pool.addReader('ana', { name, clubs: [club, 'poets', 'ana'] });
const jwts = await ana.signIn();
const stack = await cloud.service.deploy(cloud.parameters);

describe('a reader who has signed in', () => {
  test.each(['access', 'id'] as const)(
    'gets a token for the %s token, and LiveKit lets it in',
    async (kind) => {
      const { status, body, headers } = await askForToken(stack, { bearer: jwts[kind], club });
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { room_name: room, role: 'member', server_url: secret.LIVEKIT_WS_URL },
      });
      expect(headers.get('cache-control')).toBe('no-store');

      const token = String(body['token']);
      const claims = await new TokenVerifier(secret.LIVEKIT_API_KEY, secret.LIVEKIT_API_SECRET).verify(token);
      expect(claims).toMatchObject({
        sub: decodeJwt(jwts[kind]).sub,
        video: { room, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
      });
      const validate = new URL('/rtc/validate', secret.LIVEKIT_WS_URL.replace(/^ws/, 'http'));
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

test('the gateway refuses a request without a bearer, and a token of another app in the same pool', async () => {
  const foreign = await ana.signIn(await cloud.pool.addClient('another app'));
  for (const bearer of [undefined, foreign.access, foreign.id]) {
    const answer = await askForToken(stack, { bearer, club });
    expect(answer).toMatchObject({ status: 401, body: { message: 'Unauthorized' } });
  }
});

describe('the function', () => {
  test('runs on a Node 24 of its own', async () => {
    await askForToken(stack, { bearer: jwts.access, club });
    const programs = await Promise.all(
      (await childrenOf(cloud.pid)).map((pid) => readlink(`/proc/${pid}/exe`)),
    );
    expect(programs).not.toHaveLength(0);
    const node24 = await realpath(tools.node);
    for (const program of programs) expect(program).toBe(node24);
  });

  test('logs one JSON line a request, and nothing that is secret or names the reader', async () => {
    const granted = await askForToken(stack, { bearer: jwts.id, club });
    const refusedAnswer = await askForToken(stack, { bearer: jwts.id, club: 'not-mine' });
    const requestId = String(refusedAnswer.body['request_id']);
    const { lines, text } = await logWith(cloud, stack, requestId);

    const ofRefusal = lines.filter((line) => line['request_id'] === requestId);
    expect(ofRefusal).toHaveLength(1);
    expect(ofRefusal[0]).toMatchObject({ status: 403, code: 'not_a_member', club: 'not-mine' });

    // Readers met environments that the check of the version had started.
    const cold = lines.filter((line) => line['status'] === 200 && line['cold_start'] === 1);
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

test('a second deployment changes the first, at the same address', async () => {
  const ofClub = { bearer: jwts.access, club: 'ana' };
  expect((await askForToken(stack, ofClub)).body).toMatchObject({ role: 'member' });
  const second = await cloud.service.deploy({
    ...cloud.parameters,
    // An access token's `username`, which is "ana", and its scope; an id token has neither.
    'listeners-claim': 'username',
    scopes: 'meetings/host,aws.cognito.signin.user.admin',
  });
  expect(second.url).toBe(stack.url);
  expect((await askForToken(stack, ofClub)).body).toMatchObject({ role: 'listener' });
  const withoutScope = await askForToken(stack, { bearer: jwts.id, club: 'ana' });
  expect(withoutScope).toMatchObject({ status: 403, body: { message: expect.any(String) } });
});
