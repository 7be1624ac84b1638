import { UnsecuredJWT } from 'jose';
import { ConnectionState, DisconnectReason } from 'livekit-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../../client/errors.ts';
import { type Language, textsForReaders } from '../../../client/index.ts';
import { type StayOptions, stayInMeeting } from '../../../client/stay.ts';
import type { TokenAnswer } from '../../../lib/contract.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer } from './support/answer.ts';
import { deviceEvents, LocalRoom } from './support/local-room.ts';

const request = { reading_club_id: 123 };

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Options extends StayOptions {
  joined?: boolean;
  getToken?: (signal?: AbortSignal) => Promise<TokenAnswer>;
  language?: Language;
}

/** A reader in a meeting, and everything that happens to them. Random numbers are 1: each wait is the longest. */
async function setUp({ joined = true, getToken = async () => answer, language, ...callbacks }: Options = {}) {
  const room = new LocalRoom();
  const clock = manualClock();
  const start = clock.now();
  const events: unknown[] = [];
  const client = {
    language,
    getToken: (_: object, options: { signal?: AbortSignal | undefined; retries?: number } = {}) => {
      expect(options.retries).toBe(0);
      return getToken(options.signal);
    },
  };
  if (joined) room.join();
  const stay = (clubRequest: object = request) =>
    stayInMeeting(room, client, clubRequest, {
      onRejoining: (attempt) => events.push(`try ${attempt} at ${clock.now() - start}`),
      onRejoined: ({ token }) => events.push(`joined with ${token} at ${clock.now() - start}`),
      onEnd: (reason, error) => events.push(error === undefined ? { reason } : { reason, error }),
      clock,
      random: () => 1,
      ...callbacks,
    });
  const stop = stay();
  await clock.settle();
  return { room, clock, events, stop, stay };
}

/** A promise that the test settles. */
function held<T>() {
  let settle = (_: T) => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

describe('a connection that is lost', () => {
  test.each([
    undefined,
    DisconnectReason.UNKNOWN_REASON,
    DisconnectReason.SERVER_SHUTDOWN,
    DisconnectReason.STATE_MISMATCH,
    DisconnectReason.SIGNAL_CLOSE,
    DisconnectReason.CONNECTION_TIMEOUT,
    DisconnectReason.MEDIA_FAILURE,
  ])('for the reason %s is restored within seconds with a new token', async (reason) => {
    const { room, clock, events } = await setUp();
    room.end(reason);
    await clock.advance(2_999);
    expect(room.connections).toEqual([]);
    await clock.advance(1);
    expect(room.connections).toEqual([`${answer.server_url} ${answer.token}`]);
    expect(events).toEqual(['try 1 at 0', 'joined with a.meeting.token at 3000']);
    expect(clock.pending()).toBe(0);
  });

  test.each([
    DisconnectReason.CLIENT_INITIATED,
    DisconnectReason.DUPLICATE_IDENTITY,
    DisconnectReason.PARTICIPANT_REMOVED,
    DisconnectReason.ROOM_DELETED,
    DisconnectReason.ROOM_CLOSED,
  ])('for the reason %s stays so', async (reason) => {
    const { room, clock, events, stop, stay } = await setUp();
    room.end(reason);
    stop();
    stay();
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual([{ reason }]);
  });

  test('is tried again for ten minutes, every ten seconds, and given up; after the reader has joined by themselves, again', async () => {
    const { room, clock, events } = await setUp();
    const error = new Error('no server');
    room.outcomes = Array.from({ length: 61 }, () => error);
    room.end();
    await clock.advance(700_000);
    expect(events.slice(0, 4)).toEqual(['try 1 at 0', 'try 2 at 3000', 'try 3 at 9000', 'try 4 at 19000']);
    expect(events.slice(-2)).toEqual(['try 61 at 589000', { reason: undefined, error }]);
    expect(room.connections).toHaveLength(61);
    expect(clock.pending()).toBe(0);
    room.join();
    room.end();
    await clock.advance(3_000);
    expect(events.slice(-2)).toEqual(['try 1 at 700000', 'joined with a.meeting.token at 703000']);
  });

  test('is given up at once where no token is to be had by trying again', async () => {
    const error = new TokenError('not_a_member', { status: 403 });
    const { room, clock, events, stop, stay } = await setUp({ getToken: () => Promise.reject(error) });
    room.end(DisconnectReason.SERVER_SHUTDOWN);
    await clock.advance(3_000);
    stop();
    stay();
    await clock.advance(600_000);
    expect(events).toEqual(['try 1 at 0', { reason: DisconnectReason.SERVER_SHUTDOWN, error }]);
    expect(room.connections).toEqual([]);
  });

  test.each<[string, Error, number]>([
    ['the endpoint does not answer', new TokenError('no_answer'), 9_000],
    ['the reader’s JWT can’t be renewed just now', new Error('no network'), 9_000],
    ['the gateway can’t reach the function', new TokenError('gateway_error', { status: 502 }), 9_000],
    ['there are too many requests', new TokenError('gateway_throttled', { status: 429 }), 23_000],
    ['the gateway is busy', new TokenError('gateway_error', { status: 503 }), 23_000],
    ['it is told to wait', new TokenError('gateway_error', { status: 503, retryAfterMs: 5_000 }), 25_000],
  ])('is tried again where %s', async (_what, error, joinedAt) => {
    const getToken = vi.fn(async () => answer).mockRejectedValueOnce(error);
    const { room, clock, events } = await setUp({ getToken });
    room.end();
    await clock.advance(joinedAt);
    expect(events).toEqual(['try 1 at 0', 'try 2 at 3000', `joined with a.meeting.token at ${joinedAt}`]);
  });

  test('is tried again with the same token after LiveKit could not be reached, with a new one after a refusal', async () => {
    let tokens = 0;
    const getToken = async () => {
      tokens += 1;
      return { ...answer, token: `token-${tokens}` };
    };
    const { room, clock } = await setUp({ getToken });
    const failed = (reason: number) => Object.assign(new Error('no'), { reason });
    room.outcomes = [failed(1), failed(0), new Error('unknown')];
    room.end();
    await clock.advance(60_000);
    const sent = room.connections.map((connection) => connection.split(' ')[1]);
    expect(sent).toEqual(['token-1', 'token-1', 'token-2', 'token-3']);
  });

  test('soon after joining again continues the waits, so that rejoining ends at some point', async () => {
    const { room, clock, events } = await setUp();
    for (let times = 0; times < 62; times += 1) {
      room.end();
      await clock.advance(10_000);
    }
    expect(room.connections).toHaveLength(61);
    expect(events.at(-1)).toEqual({ reason: undefined });
  });

  test.each([
    [60_000, 3_000],
    [59_999, 6_000],
  ])('after %i ms in the meeting is tried again within %i ms', async (stayedMs, waitMs) => {
    const { room, clock } = await setUp();
    room.end();
    await clock.advance(3_000 + stayedMs);
    room.end();
    await clock.advance(waitMs - 1);
    expect(room.connections).toHaveLength(1);
    await clock.advance(1);
    expect(room.connections).toHaveLength(2);
  });

  test('before it ever was one is for who tried to join', async () => {
    const { room, clock, events } = await setUp({ joined: false });
    room.outcomes = [new Error('no server')];
    await expect(room.connect('wss://project.livekit.cloud', 'a.b.c')).rejects.toThrow('no server');
    await clock.advance(600_000);
    expect(events).toEqual([]);
    room.join();
    room.end();
    expect(events).toEqual(['try 1 at 600000']);
  });

  test.each([
    ['another room', { ...answer, room_name: 'reading-club-124' }],
    ['another reader', { ...answer, token: new UnsecuredJWT({ sub: 'user-002' }).encode() }],
  ])('is not exchanged for a meeting of %s', async (_what, wrong) => {
    const { room, clock, events } = await setUp({ getToken: async () => wrong, language: 'es' });
    room.setDevices(true, true);
    await clock.settle();
    room.end();
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(room.switchedOn).toEqual([]);
    const forReader = textsForReaders.es.unexpected_answer;
    const error = expect.objectContaining({ code: 'unexpected_answer', forReader });
    expect(events.slice(1)).toEqual([{ reason: undefined, error }]);
  });

  test('is restored with a token of the same reader, whatever the callbacks throw, and that is reported', async () => {
    const reported: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    const mistake = new Error('a mistake of the page');
    const fail = () => {
      throw mistake;
    };
    const token = new UnsecuredJWT({ sub: 'user-001' }).encode();
    const callbacks = { onRejoining: fail, onRejoined: fail, onEnd: fail };
    const { room, clock } = await setUp({ getToken: async () => ({ ...answer, token }), ...callbacks });
    room.end();
    await clock.advance(3_000);
    expect(room.state).toBe('connected');
    room.end(DisconnectReason.PARTICIPANT_REMOVED);
    expect(reported).toEqual([mistake, mistake, mistake]);
  });
});

describe('a reader’s own click', () => {
  test('that joins while this waits is left alone', async () => {
    const getToken = vi.fn(async () => answer);
    const { room, clock, events } = await setUp({ getToken });
    room.setDevices(true, true);
    await clock.settle();
    room.end();
    await clock.advance(500);
    room.join();
    await clock.advance(600_000);
    expect(getToken).not.toHaveBeenCalled();
    expect(room.connections).toEqual([]);
    expect(room.switchedOn).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
    // What was on before the loss is off since.
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('that joins while the token is fetched is left alone', async () => {
    const { promise, settle } = held<TokenAnswer>();
    const { room, clock, events } = await setUp({ getToken: () => promise });
    room.end();
    await clock.advance(3_000);
    room.join();
    settle(answer);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });

  test('that has not joined yet is waited for', async () => {
    const { room, clock, stop, stay } = await setUp();
    const disconnected = vi.spyOn(room, 'disconnect');
    room.end();
    room.state = ConnectionState.Connecting;
    await clock.advance(3_000);
    stop();
    stay();
    await clock.settle();
    expect(room.connections).toEqual([]);
    expect(disconnected).not.toHaveBeenCalled();
    room.state = ConnectionState.Disconnected;
    await clock.advance(10_000);
    expect(room.connections).toHaveLength(1);
  });
});

test('a browser that is online again joins at once, however long that took', async () => {
  const network = Object.assign(new EventTarget(), { onLine: true });
  vi.stubGlobal('navigator', network);
  vi.stubGlobal('addEventListener', network.addEventListener.bind(network));
  const getToken = async () => {
    if (network.onLine) return answer;
    throw new TokenError('no_answer');
  };
  const { room, clock, events, stop } = await setUp({ getToken });
  network.onLine = false;
  room.end();
  await clock.advance(3_600_000);
  expect(room.connections).toEqual([]);
  network.onLine = true;
  network.dispatchEvent(new Event('online'));
  await clock.settle();
  expect(events.at(-1)).toBe('joined with a.meeting.token at 3600000');
  room.end();
  stop();
  network.dispatchEvent(new Event('online'));
  await clock.advance(600_000);
  expect(room.connections).toHaveLength(1);
});

describe('camera and microphone', () => {
  test.each([
    [true, true, ['camera', 'microphone']],
    [true, false, ['camera']],
    [false, true, ['microphone']],
    [false, false, []],
  ])('are on again as they were: %s, %s', async (camera, microphone, expected) => {
    const { room, clock } = await setUp();
    room.setDevices(!camera, !microphone);
    await clock.settle();
    room.setDevices(camera, microphone);
    await clock.settle();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual(expected);
  });

  test.each(deviceEvents)('are followed by the event %s, until this is stopped', async (event) => {
    const { room, clock, stop } = await setUp();
    room.setDevices(true, true, event);
    await clock.settle();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual(['camera', 'microphone']);
    stop();
    expect(room.listenerCount(event)).toBe(0);
  });

  test('that were on before this began to watch count too', async () => {
    const { room, clock, stop, stay } = await setUp();
    stop();
    room.setDevices(false, true);
    stay();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual(['microphone']);
  });

  test('that were not open yet when the connection was lost again are opened after that', async () => {
    const { room, clock } = await setUp();
    room.setDevices(true, true);
    await clock.settle();
    const { promise, settle } = held<void>();
    room.opening = promise;
    room.end();
    await clock.advance(3_000);
    room.setDevices(false, true);
    await clock.settle();
    room.end();
    await clock.advance(6_000);
    expect(room.switchedOn).toEqual(['camera', 'microphone', 'camera', 'microphone']);
    settle();
  });

  test('that could not be opened don’t keep the reader out, and are off after that', async () => {
    const { room, clock, events } = await setUp();
    room.setDevices(true, true);
    await clock.settle();
    room.opening = Promise.reject(new Error('in use'));
    room.opening.catch(() => {});
    room.end();
    await clock.advance(3_000);
    expect(events.at(-1)).toBe('joined with a.meeting.token at 3000');
    room.end();
    await clock.advance(6_000);
    expect(room.switchedOn).toEqual(['camera', 'microphone']);
  });
});

describe('the end of this', () => {
  test('while it waits, or at the first news of a loss, leaves the reader out', async () => {
    const { room, clock, events, stop } = await setUp();
    room.end();
    await clock.advance(500);
    stop();
    expect(clock.pending()).toBe(0);
    const second = await setUp({ onRejoining: () => second.stop() });
    second.room.end();
    for (const { advance } of [clock, second.clock]) await advance(600_000);
    expect([...room.connections, ...second.room.connections]).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });

  test('while the token is fetched aborts that, and leaves the reader out', async () => {
    const { promise, settle } = held<TokenAnswer>();
    const getToken = vi.fn((_signal?: AbortSignal) => promise);
    const { room, clock, events, stop } = await setUp({ getToken });
    room.end();
    await clock.advance(3_000);
    stop();
    expect(getToken.mock.calls.map(([signal]) => signal?.aborted)).toEqual([true]);
    settle(answer);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });

  test.each([true, false])(
    'while it joins takes the reader out again, with no word and no device: in time %s',
    async (inTime) => {
      const { room, clock, events, stop } = await setUp();
      room.setDevices(true, true);
      await clock.settle();
      const { promise, settle } = held<void>();
      room.outcomes = [promise];
      room.end();
      await clock.advance(3_000);
      expect(room.state).toBe('connecting');
      // A connection that can't be stopped any more.
      if (!inTime) vi.spyOn(room, 'disconnect').mockResolvedValueOnce();
      stop();
      await clock.settle();
      settle();
      await clock.advance(600_000);
      expect(room.state).toBe('disconnected');
      expect(room.switchedOn).toEqual([]);
      expect(events).toEqual(['try 1 at 0']);
    },
  );

  test('is not one where it is started again: it tries at once, with the devices of before', async () => {
    const { promise, settle } = held<TokenAnswer>();
    const error = new TokenError('not_a_member');
    const getToken = vi.fn(async () => answer).mockReturnValueOnce(promise);
    const { room, clock, events, stop, stay } = await setUp({ getToken });
    room.setDevices(true, true);
    await clock.settle();
    const reason = DisconnectReason.SERVER_SHUTDOWN;
    room.end(reason);
    await clock.advance(3_000);
    stop();
    await clock.advance(1_000);
    stay();
    await clock.settle();
    expect(events.at(-1)).toBe('joined with a.meeting.token at 4000');
    expect(room.switchedOn).toEqual(['camera', 'microphone']);
    settle(answer);
    await clock.settle();
    expect(room.connections).toHaveLength(1);
    getToken.mockRejectedValueOnce(error);
    room.end(reason);
    stop();
    stay();
    await clock.settle();
    expect(events.at(-1)).toEqual({ reason, error });
  });

  test('and a new start while it joins are no end either', async () => {
    const { room, clock, events, stop, stay } = await setUp();
    const { promise, settle } = held<void>();
    room.outcomes = [promise];
    room.end();
    await clock.advance(3_000);
    stop();
    await clock.settle();
    stay();
    await clock.settle();
    settle();
    await clock.settle();
    expect(events.at(-1)).toBe('joined with a.meeting.token at 3000');
    expect(room.state).toBe('connected');
  });

  test.each([
    ['for another club', { reading_club_id: 124 }, 1_000],
    ['later', request, 1_001],
  ])('is one where it is started again %s', async (_what, nextRequest, afterMs) => {
    const { room, clock, events, stop, stay } = await setUp();
    room.end();
    await clock.advance(500);
    stop();
    await clock.advance(afterMs);
    stay(nextRequest);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });

  test('in a meeting is not watched any more', async () => {
    const { room, clock, events, stop } = await setUp();
    stop();
    await clock.settle();
    expect(room.state).toBe('connected');
    expect(room.listenerCount('connected')).toBe(0);
    room.end();
    await clock.advance(600_000);
    expect(events).toEqual([]);
  });
});
