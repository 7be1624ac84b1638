/** Joining, leaving, LiveKit's `TokenSource`, and a moderator's calls as bytes on the wire. */
import { TokenSource } from 'livekit-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { textsForReaders } from '../../../client/index.ts';
import { joinMeeting } from '../../../client/join.ts';
import { createModerator, type Moderator } from '../../../client/moderation.ts';
import { meetingTokenSource } from '../../../client/token-source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer } from './support/answer.ts';
import { held } from './support/held.ts';
import { LocalRoom } from './support/local-room.ts';

const request = { reading_club_id: 123 };
const server_url = 'wss://news.example';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A reader on the way into a meeting. Their client gives each caller a token of their own. */
function setUp() {
  let tokens = 0;
  const getToken = vi.fn(async (..._: unknown[]) => {
    tokens += 1;
    const token = `token-${tokens}`;
    return { ...answer, server_url, token, participant_token: token };
  });
  const client = { getToken, language: 'es' as const };
  const room = new LocalRoom();
  const leaving = new AbortController();
  const clock = manualClock();
  const onEnd = vi.fn();
  const join = () =>
    joinMeeting(room, client, request, { signal: leaving.signal, clock, random: () => 1, onEnd });
  return { client, room, leaving, clock, onEnd, join };
}

describe('joinMeeting', () => {
  test('joins with a token, stays, and leaves for good', async () => {
    const { client, room, leaving, clock, onEnd, join } = setUp();
    const leave = await join();
    expect(client.getToken).toHaveBeenCalledWith(request, { signal: leaving.signal });
    expect(room.connections).toEqual(['wss://news.example token-1']);
    room.end();
    await clock.advance(3_000);
    expect(room.connections).toHaveLength(2);
    await leave();
    await clock.advance(600_000);
    expect(room.connections).toHaveLength(2);
    expect(onEnd).not.toHaveBeenCalled();
    // The signal is the page's, and may live on.
    room.join();
    leaving.abort();
    expect(room.state).toBe('connected');
  });

  test('ends in the error that there is instead of a meeting; its signal is of no use after that', async () => {
    const { client, room, leaving, join } = setUp();
    const refused = new Error('no permissions');
    room.outcomes = [refused];
    await expect(join()).rejects.toBe(refused);
    client.getToken.mockRejectedValueOnce(refused);
    await expect(joinMeeting(room, client, request)).rejects.toBe(refused);
    const leave = await joinMeeting(room, client, request);
    leaving.abort();
    expect(room.state).toBe('connected');
    await leave();
    expect(room.state).toBe('disconnected');
  });

  test.each([true, false])('is left by its signal while it connects: in time %s', async (inTime) => {
    const { room, leaving, clock, join } = setUp();
    const { promise, settle } = held<void>();
    room.outcomes = [promise];
    const joining = join();
    const failing = expect(joining).rejects.toBe;
    await clock.settle();
    expect(room.state).toBe('connecting');
    // A connection that can't be stopped any more.
    if (!inTime) vi.spyOn(room, 'disconnect').mockResolvedValueOnce();
    leaving.abort();
    settle();
    await failing(leaving.signal.reason);
    expect(room.state).toBe('disconnected');
    room.end();
    await clock.advance(600_000);
    expect(room.connections).toHaveLength(1);
  });

  test('is left by its signal before it connects, though there is a token', async () => {
    const { client, room, leaving, join } = setUp();
    client.getToken.mockImplementationOnce(async () => {
      leaving.abort();
      return answer;
    });
    await expect(join()).rejects.toBe(leaving.signal.reason);
    expect(room.connections).toEqual([]);
  });

  test('is left by its signal in the meeting, for good', async () => {
    const { room, leaving, clock, join } = setUp();
    await join();
    leaving.abort();
    await clock.advance(600_000);
    expect(room.state).toBe('disconnected');
    expect(room.connections).toHaveLength(1);
  });
});

test('meetingTokenSource asks for a new token at each fetch: LiveKit’s parts keep none for the next reader', async () => {
  const { client } = setUp();
  const source = meetingTokenSource(TokenSource, client, request);
  expect(await source.fetch()).toEqual({ serverUrl: server_url, participantToken: 'token-1' });
  expect(await source.fetch()).toEqual({ serverUrl: server_url, participantToken: 'token-2' });
  expect(client.getToken.mock.calls).toEqual([[request], [request]]);
});

describe('a moderator', () => {
  const speaking = (canPublish: boolean) => ({ canPublish, canSubscribe: true, canPublishData: true });

  test.each<[string, (moderator: Moderator) => Promise<void>, object]>([
    ['MutePublishedTrack', ({ mute }) => mute('user-002', 'TR_1'), { trackSid: 'TR_1', muted: true }],
    ['RemoveParticipant', ({ remove }) => remove('user-002'), { revokeTokenTs: 1_800_003_601 }],
    ['RemoveParticipant', ({ remove }) => remove('user-002', 60), { revokeTokenTs: 1_800_000_061 }],
    [
      'UpdateParticipant',
      ({ letSpeak }) => letSpeak('user-002'),
      { permission: speaking(true), attributes: { role: '' } },
    ],
    [
      'UpdateParticipant',
      ({ silence }) => silence('user-002'),
      { permission: speaking(false), attributes: { role: 'listener' } },
    ],
  ])('calls %s with a new token', async (method, act, parameters) => {
    const { client } = setUp();
    const fetch = vi.fn(async () => new Response('{}'));
    vi.stubGlobal('fetch', fetch);
    vi.spyOn(Date, 'now').mockReturnValue(1_800_000_000_500);
    await act(createModerator(client, request));
    expect(client.getToken.mock.calls).toEqual([[request]]);
    const body = JSON.stringify({ room: 'reading-club-123', identity: 'user-002', ...parameters });
    const headers = { authorization: 'Bearer token-1', 'content-type': 'application/json' };
    const url = `https://news.example/twirp/livekit.RoomService/${method}`;
    expect(fetch.mock.calls).toEqual([[url, { method: 'POST', headers, body }]]);
  });

  test.each([
    [async () => new Response('{}', { status: 404 }), 404, 'moderation_failed 404 RemoveParticipant'],
    [
      () => Promise.reject(new TypeError('Failed to fetch')),
      undefined,
      'moderation_failed RemoveParticipant',
    ],
  ])('is told what LiveKit did not do', async (fetch, status, message) => {
    vi.stubGlobal('fetch', fetch);
    const forReader = textsForReaders.es.moderation_failed;
    const removing = createModerator(setUp().client, request).remove('user-002');
    await expect(removing).rejects.toMatchObject({ code: 'moderation_failed', status, message, forReader });
  });
});
