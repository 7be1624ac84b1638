/** The endpoint's tokens before the real LiveKit server, without a browser: what they open, and what they don't. */
import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { roomService, validate } from './support/livekit-api.ts';
import { meetingToken, resign } from './support/reader.ts';

const club = 'token-test';
const room = `reading-club-${club}`;
const ana = { sub: 'user-001', name: 'Ana', clubs: { reading_clubs: [club] } };

let token: string;
beforeAll(async () => {
  token = await meetingToken(ana, club);
});

describe('LiveKit accepts', () => {
  test('who has the endpoint’s token', async () => {
    expect(await validate(token)).toEqual({ status: 200, body: 'success' });
  });

  test('who has the same claims, signed by this test (so what follows is refused for its one change)', async () => {
    expect(await validate(await resign(token, {}))).toEqual({ status: 200, body: 'success' });
  });
});

describe('LiveKit refuses the same token', () => {
  const seconds = () => Math.floor(Date.now() / 1000);

  test('with an empty video grant, which is what an SDK’s forgotten await leaves', async () => {
    const changed = await resign(token, { video: {} });
    expect(await validate(changed)).toEqual({ status: 401, body: 'permissions denied' });
  });

  test('without a video grant', async () => {
    const changed = await resign(token, { video: undefined });
    expect(await validate(changed)).toEqual({ status: 401, body: 'no permissions to access the room' });
  });

  test('without roomJoin', async () => {
    const changed = await resign(token, { video: { room, canPublish: true, canSubscribe: true } });
    expect(await validate(changed)).toEqual({ status: 401, body: 'permissions denied' });
  });

  test('expired', async () => {
    const changed = await resign(token, { nbf: seconds() - 700, exp: seconds() - 100 });
    expect(await validate(changed)).toEqual({
      status: 401,
      body: 'invalid token: <token>, error: token has invalid claims: token is expired',
    });
  });

  test('with a key that the server does not have', async () => {
    const changed = await resign(token, { iss: 'another-key' });
    expect(await validate(changed)).toEqual({ status: 401, body: 'invalid API key: another-key' });
  });

  test('signed with another secret', async () => {
    const changed = await resign(token, {}, 'another-secret-of-thirty-two-bytes');
    expect(await validate(changed)).toEqual({
      status: 401,
      body: 'invalid token: <token>, error: token signature is invalid: signature is invalid',
    });
  });
});

describe('The token can do no more than it says', () => {
  const refused = {
    status: 401,
    body: JSON.stringify({ code: 'unauthenticated', msg: 'permissions denied' }),
  };

  test.each([
    ['list rooms', 'ListRooms', {}],
    ['create a room', 'CreateRoom', { name: 'reading-club-mine' }],
    ['close its own room', 'DeleteRoom', { room }],
    ['list who is in its room', 'ListParticipants', { room }],
    ['remove a participant', 'RemoveParticipant', { room, identity: 'user-002' }],
    [
      'mute a participant',
      'MutePublishedTrack',
      { room, identity: 'user-002', track_sid: 'TR_x', muted: true },
    ],
    ['change its own permissions', 'UpdateParticipant', { room, identity: 'user-001', permission: {} }],
    ['look into another room', 'ListParticipants', { room: 'reading-club-another' }],
    [
      'remove someone from another room',
      'RemoveParticipant',
      { room: 'reading-club-another', identity: 'x' },
    ],
  ])('it can’t %s', async (_what, method, parameters) => {
    expect(await roomService(token, method, parameters)).toEqual(refused);
  });

  test('it has its room, its reader and a member’s grants, and nothing else', () => {
    expect(decodeJwt(token)).toEqual({
      iss: 'devkey',
      sub: 'user-001',
      name: 'Ana',
      nbf: expect.any(Number),
      exp: expect.any(Number),
      video: { room, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
    });
  });
});
