/** Joining, leaving, LiveKit's `TokenSource`, and a moderator's calls as bytes on the wire. */
import { TokenSource } from 'livekit-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Moderator, TokenError, type TokenRequestBody } from '../../../client/index.ts';
import { joinMeeting } from '../../../client/join.ts';
import { createModerator, ModerationError } from '../../../client/moderation.ts';
import { meetingTokenSource } from '../../../client/token-source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer, LocalRoom } from './support/local-room.ts';

const request = { reading_club_id: 123 };

afterEach(() => void vi.restoreAllMocks());

/** A client that gives each caller a token of their own. */
function setUp() {
  const asked: TokenRequestBody[] = [];
  const client = {
    getToken: async (body: TokenRequestBody) => {
      asked.push(body);
      const server_url = 'wss://news.example/';
      return { ...answer, server_url, participant_token: `token-${asked.length}` };
    },
  };
  return { client, asked };
}

describe('joinMeeting', () => {
  test('joins with a token, stays, and leaves', async () => {
    const room = new LocalRoom();
    const { client, asked } = setUp();
    const clock = manualClock();
    const ended = vi.fn();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const options = { signal, clock, random: () => 1, onEnd: ended };
    const leave = await joinMeeting(room, client, request, options);
    expect(room.connections).toEqual(['wss://news.example/ token-1']);
    room.end();
    await clock.advance(3_000);
    expect(room.connections).toHaveLength(2);
    await leave();
    await clock.advance(600_000);
    expect(room.state).toBe('disconnected');
    expect(asked).toEqual([request, request]);
    expect(ended).not.toHaveBeenCalled();
    expect(removed).toHaveBeenCalledWith('abort', leave);
  });

  test('ends in the error that there is instead', async () => {
    const room = new LocalRoom();
    const error = new TokenError('not_a_member');
    const client = { getToken: () => Promise.reject(error) };
    await expect(joinMeeting(room, client, request)).rejects.toBe(error);
    const refused = new Error('no permissions');
    room.outcomes = [refused];
    await expect(joinMeeting(room, setUp().client, request)).rejects.toBe(refused);
  });

  test('is left by its signal while the token is fetched', async () => {
    const room = new LocalRoom();
    const leaving = new AbortController();
    const { client } = setUp();
    const asking = vi.spyOn(client, 'getToken');
    const joining = joinMeeting(room, client, request, { signal: leaving.signal });
    expect(asking).toHaveBeenCalledWith(request, { signal: leaving.signal });
    leaving.abort();
    await expect(joining).rejects.toBe(leaving.signal.reason);
    expect(room.connections).toEqual([]);
  });

  test('is left by its signal while it connects', async () => {
    const room = new LocalRoom();
    room.outcomes = [new Promise<undefined>(() => {})];
    const leaving = new AbortController();
    const joining = joinMeeting(room, setUp().client, request, { signal: leaving.signal });
    await vi.waitFor(() => expect(room.state).toBe('connecting'));
    leaving.abort();
    await expect(joining).rejects.toBe(leaving.signal.reason);
    await vi.waitFor(() => expect(room.state).toBe('disconnected'));
  });

  test('is left by its signal in the meeting, for good', async () => {
    const room = new LocalRoom();
    const clock = manualClock();
    const leaving = new AbortController();
    await joinMeeting(room, setUp().client, request, { signal: leaving.signal, clock });
    leaving.abort();
    await clock.advance(600_000);
    expect(room.state).toBe('disconnected');
    expect(room.connections).toHaveLength(1);
  });
});

test('meetingTokenSource asks for a new token at each fetch: LiveKit’s parts keep none for the next reader', async () => {
  const { client, asked } = setUp();
  const source = meetingTokenSource(TokenSource, client, request);
  const serverUrl = 'wss://news.example/';
  expect(await source.fetch()).toEqual({ serverUrl, participantToken: 'token-1' });
  expect(await source.fetch()).toEqual({ serverUrl, participantToken: 'token-2' });
  expect(asked).toEqual([request, request]);
});

describe('a moderator', () => {
  const now = 1_800_000_000_500;
  const call = async (act: (moderator: Moderator) => Promise<void>, options: object = {}, status = 200) => {
    const sent: { url: unknown; init: RequestInit | undefined }[] = [];
    const { client, asked } = setUp();
    const moderator = createModerator(client, request, {
      fetch: async (url, init) => {
        sent.push({ url, init });
        if (status === 0) throw new TypeError('Failed to fetch');
        return new Response('{}', { status });
      },
      now: () => now,
      ...options,
    });
    const error = await act(moderator).catch((caught: unknown) => caught);
    return { sent, asked, error };
  };

  test.each<[string, (moderator: Moderator) => Promise<void>, object, object?]>([
    ['MutePublishedTrack', ({ mute }) => mute('user-002', 'TR_1'), { trackSid: 'TR_1', muted: true }],
    ['RemoveParticipant', ({ remove }) => remove('user-002'), { revokeTokenTs: 1_800_003_601 }],
    [
      'RemoveParticipant',
      ({ remove }) => remove('user-002'),
      { revokeTokenTs: 1_800_086_401 },
      { removalSeconds: 86_400 },
    ],
    [
      'UpdateParticipant',
      ({ letSpeak }) => letSpeak('user-002'),
      {
        permission: { canPublish: true, canSubscribe: true, canPublishData: true },
        attributes: { role: '' },
      },
    ],
    [
      'UpdateParticipant',
      ({ silence }) => silence('user-002'),
      {
        permission: { canPublish: false, canSubscribe: true, canPublishData: true },
        attributes: { role: 'listener' },
      },
    ],
  ])('calls %s with a new token', async (method, act, parameters, options) => {
    const { sent, asked, error } = await call(act, options);
    expect(error).toBeUndefined();
    expect(asked).toEqual([request]);
    expect(sent).toHaveLength(1);
    const { url, init } = sent[0] ?? {};
    expect(url).toBe(`https://news.example/twirp/livekit.RoomService/${method}`);
    expect(init).toMatchObject({
      method: 'POST',
      headers: { authorization: 'Bearer token-1', 'content-type': 'application/json' },
    });
    const body = { room: 'reading-club-123', identity: 'user-002', ...parameters };
    expect(JSON.parse(String(init?.body))).toEqual(body);
  });

  test.each([
    [403, 403, 'RemoveParticipant: 403'],
    [404, 404, 'RemoveParticipant: 404'],
    [0, undefined, 'RemoveParticipant: TypeError: Failed to fetch'],
  ])('is told what LiveKit did not do: %i', async (answered, status, message) => {
    const { error } = await call(({ remove }) => remove('user-002'), {}, answered);
    expect(error).toBeInstanceOf(ModerationError);
    expect(error).toMatchObject({ name: 'ModerationError', status, message });
  });
});
