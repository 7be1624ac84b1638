import { getEventListeners } from 'node:events';
import { UnsecuredJWT } from 'jose';
import { ConnectionState, DisconnectReason } from 'livekit-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Language, TokenError, textsForReaders } from '../../../client/index.ts';
import { type StayOptions, stayInMeeting } from '../../../client/stay.ts';
import type { GetTokenOptions } from '../../../client/token-client.ts';
import type { TokenAnswer } from '../../../lib/contract.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer } from './support/answer.ts';
import { held } from './support/held.ts';
import { deviceEvents, LocalRoom } from './support/local-room.ts';

const request = { reading_club_id: 123 };
const both = ['camera', 'microphone'];

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Options extends StayOptions {
  joined?: boolean;
  getToken?: (signal?: AbortSignal, kept?: TokenAnswer) => Promise<TokenAnswer>;
  language?: Language;
}

/** A reader in a meeting, camera and microphone on, and everything that happens to them. Each wait is the longest. */
async function setUp({ joined = true, getToken = async () => answer, language, ...callbacks }: Options = {}) {
  const room = new LocalRoom();
  const clock = manualClock();
  const start = clock.now();
  const events: unknown[] = [];
  const client = {
    language,
    getToken: (_: object, { signal, retries, kept }: GetTokenOptions = {}) => {
      expect(retries).toBe(0);
      return getToken(signal, kept);
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
  room.setDevices(true, true);
  await clock.settle();
  return { room, clock, events, stop, stay };
}

/** The same, when the connection has been lost for this time. */
async function setUpLost(ms: number, options?: Options, outcomes: LocalRoom['outcomes'] = []) {
  const set = await setUp(options);
  set.room.outcomes = outcomes;
  set.room.end();
  await set.clock.advance(ms);
  return set;
}

describe('a connection that is lost', () => {
  const finalReasons = [
    DisconnectReason.CLIENT_INITIATED,
    DisconnectReason.DUPLICATE_IDENTITY,
    DisconnectReason.PARTICIPANT_REMOVED,
    DisconnectReason.ROOM_DELETED,
    DisconnectReason.ROOM_CLOSED,
  ];
  const reasons = Object.values(DisconnectReason).filter((reason) => typeof reason === 'number');

  test.each([undefined, ...reasons])(
    'for the reason %s is restored within seconds, or stays so',
    async (reason) => {
      const { room, clock, events, stop, stay } = await setUp();
      room.end(reason);
      if (reason !== undefined && finalReasons.includes(reason)) {
        stop();
        stay();
        await clock.advance(600_000);
        expect(room.connections).toEqual([]);
        expect(events).toEqual([{ reason }]);
      } else {
        await clock.advance(2_999);
        expect(room.connections).toEqual([]);
        await clock.advance(1);
        expect(room.connections).toEqual([`${answer.server_url} ${answer.token}`]);
        expect(events).toEqual(['try 1 at 0', 'joined with a.meeting.token at 3000']);
        expect(clock.pending()).toBe(0);
      }
    },
  );

  test('is tried again for ten minutes, every ten seconds, and given up; after the reader’s own joining, again', async () => {
    const error = new Error('no server');
    const { room, clock, events } = await setUpLost(700_000, {}, Array(61).fill(error));
    expect(events.slice(0, 4)).toEqual(['try 1 at 0', 'try 2 at 3000', 'try 3 at 9000', 'try 4 at 19000']);
    expect(events.slice(-2)).toEqual(['try 61 at 589000', { reason: undefined, error }]);
    expect(room.connections).toHaveLength(61);
    expect(clock.pending()).toBe(0);
    room.join();
    room.end();
    await clock.advance(3_000);
    expect(events.slice(-2)).toEqual(['try 1 at 700000', 'joined with a.meeting.token at 703000']);
  });

  test.each<[string, Error, number?]>([
    ['given up at once where trying again is no use', new TokenError('not_a_member', { status: 403 })],
    ['tried again where the endpoint does not answer', new TokenError('no_answer'), 9_000],
    ['tried again where the JWT can’t be renewed just now', new Error('no network'), 9_000],
    ['tried again later after a 429', new TokenError('gateway_throttled', { status: 429 }), 23_000],
    ['tried again later after a 503', new TokenError('gateway_error', { status: 503 }), 23_000],
    ['tried again as told', new TokenError('gateway_error', { status: 503, retryAfterMs: 5_000 }), 25_000],
  ])('is %s', async (_what, error, joinedAt) => {
    const getToken = vi.fn(async () => answer).mockRejectedValueOnce(error);
    const { clock, events, stop, stay } = await setUpLost(joinedAt ?? 3_000, { getToken });
    const end = joinedAt ? ['try 2 at 3000', `joined with a.meeting.token at ${joinedAt}`] : [{ error }];
    stop();
    stay();
    await clock.advance(600_000);
    expect(events).toEqual(['try 1 at 0', ...end]);
  });

  test('is tried again with the same token after LiveKit could not be reached, with a new one after a refusal', async () => {
    let tokens = 0;
    const getToken = async (_?: AbortSignal, kept?: TokenAnswer) => {
      if (kept) return kept;
      tokens += 1;
      return { ...answer, token: `token-${tokens}` };
    };
    const failed = (reason: number) => Object.assign(new Error('no'), { reason });
    const { room } = await setUpLost(60_000, { getToken }, [failed(1), failed(0), new Error('unknown')]);
    const sent = room.connections.map((connection) => connection.split(' ')[1]);
    expect(sent).toEqual(['token-1', 'token-1', 'token-2', 'token-3']);
  });

  test.each([
    [60_000, 3_000],
    [59_999, 6_000],
  ])('after %i ms in the meeting is tried again within %i ms', async (stayedMs, waitMs) => {
    const { room, clock } = await setUpLost(3_000 + stayedMs);
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
    const { room, events } = await setUpLost(600_000, { getToken: async () => wrong, language: 'es' });
    expect(room.connections).toEqual([]);
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
    const { room } = await setUpLost(3_000, { getToken: async () => ({ ...answer, token }), ...callbacks });
    expect(room.state).toBe('connected');
    room.end(DisconnectReason.PARTICIPANT_REMOVED);
    expect(reported).toEqual([mistake, mistake, mistake]);
  });
});

describe('a reader’s own click', () => {
  test.each(['while this waits', 'while the token is fetched'])(
    'that joins %s is left alone',
    async (when) => {
      const { promise, settle } = held<TokenAnswer>();
      const getToken = vi.fn(() => promise);
      const isWaiting = when === 'while this waits';
      const { room, clock, events } = await setUpLost(isWaiting ? 500 : 3_000, { getToken });
      room.join();
      settle(answer);
      await clock.advance(600_000);
      expect(getToken).toHaveBeenCalledTimes(isWaiting ? 0 : 1);
      expect(room.connections).toEqual([]);
      expect(events).toEqual(['try 1 at 0']);
      // What was on before the loss is off since.
      room.end();
      await clock.advance(3_000);
      expect(room.switchedOn).toEqual([]);
    },
  );

  test('that has not joined yet is waited for, and not disturbed by a stop', async () => {
    const { room, clock, stop, stay } = await setUp();
    const disconnected = vi.spyOn(room, 'disconnect');
    // The browser asks the reader about devices, and they don't answer.
    room.opening = new Promise(() => {});
    room.end();
    await clock.advance(3_000);
    room.end();
    room.state = ConnectionState.Connecting;
    await clock.advance(6_000);
    stop();
    stay();
    await clock.settle();
    expect(room.connections).toHaveLength(1);
    expect(disconnected).not.toHaveBeenCalled();
    room.state = ConnectionState.Disconnected;
    await clock.advance(10_000);
    expect(room.connections).toHaveLength(2);
  });
});

function stubNetwork() {
  const network = Object.assign(new EventTarget(), { onLine: false });
  vi.stubGlobal('navigator', network);
  vi.stubGlobal('addEventListener', network.addEventListener.bind(network));
  return network;
}

test('a browser that is online again gives up a try that hangs, and joins at once; later it waits as ever', async () => {
  const network = stubNetwork();
  const hang = (signal?: AbortSignal) =>
    new Promise<TokenAnswer>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const getToken = vi.fn(async (_?: AbortSignal) => answer).mockImplementationOnce(hang);
  const { room, clock, events } = await setUpLost(3_000, { getToken });
  network.dispatchEvent(new Event('online'));
  await clock.advance(0);
  expect(events.at(-1)).toBe('joined with a.meeting.token at 3000');
  network.dispatchEvent(new Event('online'));
  room.end();
  await clock.advance(2_999);
  expect(room.connections).toHaveLength(1);
});

test('a browser that is online again joins at once, however long that took', async () => {
  const network = stubNetwork();
  const getToken = async () => {
    if (network.onLine) return answer;
    throw new TokenError('no_answer');
  };
  const { room, clock, events, stop } = await setUpLost(3_600_000, { getToken });
  expect(room.connections).toEqual([]);
  network.onLine = true;
  network.dispatchEvent(new Event('online'));
  await clock.settle();
  expect(events.at(-1)).toBe('joined with a.meeting.token at 3600000');
  stop();
  expect(getEventListeners(network, 'online')).toEqual([]);
});

describe('camera and microphone', () => {
  test.each([
    [true, true, both],
    [true, false, ['camera']],
    [false, true, ['microphone']],
    [false, false, []],
  ])('are on again as they were: %s, %s', async (camera, microphone, expected) => {
    const { room, clock, stop, stay } = await setUp();
    room.setDevices(camera, microphone);
    await clock.settle();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual(expected);
    // Those count too that were switched before this began to watch.
    stop();
    room.setDevices(camera, microphone);
    stay();
    await clock.settle();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual([...expected, ...expected]);
  });

  test.each(deviceEvents)('are followed by the event %s, until this is stopped', async (event) => {
    const { room, clock, events, stop } = await setUp();
    room.setDevices(true, false, event);
    await clock.settle();
    room.end();
    await clock.advance(3_000);
    expect(room.switchedOn).toEqual(['camera']);
    const heard = events.length;
    stop();
    expect(room.listenerCount(event) + room.listenerCount('connected')).toBe(0);
    expect(room.state).toBe('connected');
    room.end();
    expect(events).toHaveLength(heard);
  });

  test.each<[string, [boolean, boolean][], string[]]>([
    ['is opened after that', [[false, true]], both],
    [
      'is opened after that, but not the other, which was switched off since',
      [
        [false, true],
        [false, false],
      ],
      ['camera'],
    ],
    [
      'is left off where the reader has switched it off since',
      [
        [true, true],
        [false, true],
        [false, false],
      ],
      [],
    ],
  ])('one that was not open yet when the connection was lost again %s', async (_what, clicks, expected) => {
    const { room, clock } = await setUp();
    room.opening = new Promise(() => {});
    room.end();
    await clock.advance(3_000);
    for (const [camera, microphone] of clicks) {
      room.setDevices(camera, microphone);
      await clock.settle();
    }
    await clock.advance(120_000);
    room.end();
    await clock.advance(6_000);
    expect(room.switchedOn).toEqual([...both, ...expected]);
  });

  test.each([
    ['stopped', (_: LocalRoom, stop: () => void) => stop()],
    ['left', (room: LocalRoom) => void room.disconnect()],
  ])('stay off where the news of having rejoined is what the meeting was %s for', async (_what, end) => {
    const set = await setUp({ onRejoined: () => end(set.room, set.stop) });
    set.room.end();
    await set.clock.advance(3_000);
    expect(set.room.connections).toHaveLength(1);
    expect(set.room.switchedOn).toEqual([]);
  });

  test('that could not be opened don’t keep the reader out, and are off after that', async () => {
    const { room, clock, events } = await setUp();
    room.opening = Promise.reject(new Error('in use'));
    room.opening.catch(() => {});
    room.end();
    await clock.advance(3_000);
    expect(events.at(-1)).toBe('joined with a.meeting.token at 3000');
    room.end();
    await clock.advance(6_000);
    expect(room.switchedOn).toEqual(both);
  });
});

describe('the end of this', () => {
  test('while it waits, or at the first news of a loss, leaves the reader out', async () => {
    const first = await setUpLost(500);
    first.stop();
    expect(first.clock.pending()).toBe(0);
    const second = await setUp({ onRejoining: () => second.stop() });
    second.room.end();
    for (const { room, clock, events } of [first, second]) {
      await clock.advance(600_000);
      expect(room.connections).toEqual([]);
      expect(events.slice(1)).toEqual([]);
    }
  });

  test('while the token is fetched aborts that, and leaves the reader out', async () => {
    const { promise, settle } = held<TokenAnswer>();
    const getToken = vi.fn((_signal?: AbortSignal) => promise);
    const { room, clock, events, stop } = await setUpLost(3_000, { getToken });
    stop();
    expect(getToken.mock.calls.map(([signal]) => signal?.aborted)).toEqual([true]);
    settle(answer);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });

  const anotherClub = { reading_club_id: 124 };
  test.each([
    [true, undefined, []],
    [false, undefined, []],
    [false, anotherClub, [{ reason: DisconnectReason.CLIENT_INITIATED }]],
  ])(
    'while it joins takes the reader out again, with no word and no device: in time %s, started again for %j',
    async (inTime, nextRequest, news) => {
      const { promise, settle } = held<void>();
      const { room, clock, events, stop, stay } = await setUpLost(3_000, {}, [promise]);
      expect(room.state).toBe('connecting');
      // A connection that can't be stopped any more.
      if (!inTime) vi.spyOn(room, 'disconnect').mockResolvedValueOnce();
      stop();
      if (nextRequest) stay(nextRequest);
      await clock.settle();
      settle();
      await clock.advance(600_000);
      expect(room.state).toBe('disconnected');
      expect(room.switchedOn).toEqual([]);
      expect(events).toEqual(['try 1 at 0', ...news]);
    },
  );

  test('is not one where it is started again: it tries at once, with the devices and the reason of before', async () => {
    const { promise, settle } = held<TokenAnswer>();
    const error = new TokenError('not_a_member');
    const getToken = vi.fn(async () => answer).mockReturnValueOnce(promise);
    const { room, clock, events, stop, stay } = await setUpLost(3_000, { getToken });
    stop();
    await clock.advance(1_000);
    const stopAgain = stay();
    await clock.settle();
    settle(answer);
    await clock.settle();
    expect(events.at(-1)).toBe('joined with a.meeting.token at 4000');
    expect(room.switchedOn).toEqual(both);
    expect(room.connections).toHaveLength(1);
    const reason = DisconnectReason.SERVER_SHUTDOWN;
    getToken.mockRejectedValueOnce(error);
    room.end(reason);
    stopAgain();
    stay();
    await clock.settle();
    expect(events.at(-1)).toEqual({ reason, error });
  });

  test.each([true, false])('and a new start while it joins are no end either: in time %s', async (inTime) => {
    const { promise, settle } = held<void>();
    const { room, clock, events, stop, stay } = await setUpLost(3_000, {}, [promise]);
    if (!inTime) vi.spyOn(room, 'disconnect').mockResolvedValueOnce();
    stop();
    await clock.settle();
    stay();
    settle();
    await clock.settle();
    expect(events.at(-1)).toBe(inTime ? 'joined with a.meeting.token at 3000' : 'try 2 at 3000');
    expect(room.state).toBe('connected');
  });

  test.each([
    ['for another club', anotherClub, 1_000],
    ['later', request, 1_001],
  ])('is one where it is started again %s', async (_what, nextRequest, afterMs) => {
    const { room, clock, events, stop, stay } = await setUpLost(500);
    stop();
    await clock.advance(afterMs);
    stay(nextRequest);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
  });
});
