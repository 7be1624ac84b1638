import { ConnectionState, DisconnectReason, Room, TokenSource } from 'livekit-client';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TokenError } from '../../../client/errors.ts';
import { forTokenSource, stayInMeeting } from '../../../client/livekit.ts';
import type { TokenAnswer, TokenRequestBody } from '../../../lib/contract.ts';
import { manualClock } from '../../support/manual-clock.ts';

const answer: TokenAnswer = {
  token: 'a.meeting.token',
  room_name: 'reading-club-123',
  participant_name: 'Ana',
  role: 'member',
  server_url: 'wss://project.livekit.cloud',
  participant_token: 'a.meeting.token',
  expires_at: '2026-11-23T10:00:00.000Z',
};

describe('forTokenSource', () => {
  const setUp = () => {
    const requests: TokenRequestBody[] = [];
    const source = TokenSource.custom(
      forTokenSource({
        getToken: async (request) => {
          requests.push(request);
          return answer;
        },
      }),
    );
    return { source, requests };
  };

  test('asks for the room and name that LiveKit’s client wants, and gives it what it reads', async () => {
    const { source, requests } = setUp();
    expect(await source.fetch({ roomName: 'reading-club-123', participantName: 'Ana' })).toEqual({
      serverUrl: answer.server_url,
      participantToken: answer.participant_token,
    });
    expect(JSON.parse(JSON.stringify(requests))).toEqual([
      { room_name: 'reading-club-123', participant_name: 'Ana' },
    ]);
  });

  test('names what the endpoint would refuse, and sends nothing', async () => {
    const { source, requests } = setUp();
    const options = { roomName: 'reading-club-123', agentName: 'helper', participantMetadata: '{}' };
    await expect(source.fetch(options)).rejects.toThrow(/agentName, participantMetadata/);
    expect(requests).toEqual([]);
  });

  test('takes an option that is there but undefined as left out', async () => {
    const fetchToken = forTokenSource({ getToken: () => Promise.resolve(answer) });
    const options = { roomName: 'reading-club-123', agentName: undefined };
    expect(await fetchToken(options)).toMatchObject({ participantToken: answer.participant_token });
  });
});

/** LiveKit's own room, but for the network: what `connect` does is the test's to say. */
class LocalRoom extends Room {
  readonly connections: string[] = [];
  outcomes: (Error | undefined)[] = [];

  override connect = async (url: string, token: string) => {
    this.connections.push(`${url} ${token}`);
    this.state = ConnectionState.Connecting;
    await Promise.resolve();
    const error = this.outcomes.shift();
    if (error === undefined) return this.join();
    this.end(DisconnectReason.JOIN_FAILURE);
    throw error;
  };

  join() {
    this.state = ConnectionState.Connected;
    this.emit('connected');
  }

  end(reason?: DisconnectReason) {
    // As LiveKit's room does: it removes the tracks before it sends the event.
    this.setDevices({ camera: false, microphone: false });
    this.state = ConnectionState.Disconnected;
    this.emit('disconnected', reason);
  }

  /** Switches devices on or off. LiveKit reports each change with one of several events. */
  setDevices(
    { camera, microphone }: { camera: boolean; microphone: boolean },
    event:
      | 'localTrackPublished'
      | 'localTrackUnpublished'
      | 'trackMuted'
      | 'trackUnmuted' = 'localTrackPublished',
  ) {
    vi.spyOn(this.localParticipant, 'isCameraEnabled', 'get').mockReturnValue(camera);
    vi.spyOn(this.localParticipant, 'isMicrophoneEnabled', 'get').mockReturnValue(microphone);
    // What is published does not matter to who listens.
    for (const listener of this.listeners(event)) Reflect.apply(listener, this, []);
  }
}

/** A reader in a meeting, and everything that happens to them. */
async function setUp({ joined = true, getToken = () => Promise.resolve(answer) } = {}) {
  const room = new LocalRoom();
  const switchedOn: string[] = [];
  vi.spyOn(room.localParticipant, 'setCameraEnabled').mockImplementation(async () => {
    switchedOn.push('camera');
    return undefined;
  });
  vi.spyOn(room.localParticipant, 'setMicrophoneEnabled').mockImplementation(async () => {
    switchedOn.push('microphone');
    return undefined;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const clock = manualClock();
  const events: unknown[] = [];
  const start = clock.now();
  if (joined) room.join();
  const stop = stayInMeeting(room, getToken, {
    onRejoining: (attempt) => events.push(`try ${attempt} at ${clock.now() - start}`),
    onRejoined: ({ token }) => events.push(`joined with ${token} at ${clock.now() - start}`),
    onEnd: (reason, error) => events.push(error === undefined ? { reason } : { reason, error }),
    clock,
    random: () => 1,
  });
  await clock.settle();
  return { room, clock, events, switchedOn, stop };
}

describe('a connection that is lost', () => {
  test.each([
    ['could not be restored: the token was refused', undefined],
    ['could not be restored in time', DisconnectReason.UNKNOWN_REASON],
    ['ended with the server', DisconnectReason.SERVER_SHUTDOWN],
    ['was ended for another state than the server’s', DisconnectReason.STATE_MISMATCH],
    ['was closed below', DisconnectReason.SIGNAL_CLOSE],
    ['timed out', DisconnectReason.CONNECTION_TIMEOUT],
    ['carried no media', DisconnectReason.MEDIA_FAILURE],
  ])('%s: a new token is fetched after a moment, and the reader is in again', async (_what, reason) => {
    const { room, clock, events } = await setUp();
    room.end(reason);
    await clock.advance(999);
    expect(room.connections).toEqual([]);
    await clock.advance(1);
    expect(room.connections).toEqual([`${answer.server_url} ${answer.participant_token}`]);
    expect(events).toEqual(['try 1 at 0', 'joined with a.meeting.token at 1000']);
    expect(clock.pending()).toBe(0);
  });

  test.each([
    ['left', DisconnectReason.CLIENT_INITIATED],
    ['joined from somewhere else', DisconnectReason.DUPLICATE_IDENTITY],
    ['was removed by a moderator', DisconnectReason.PARTICIPANT_REMOVED],
    ['was in a meeting that was ended', DisconnectReason.ROOM_DELETED],
    ['was in a meeting that is over', DisconnectReason.ROOM_CLOSED],
  ])('by a reader who %s stays so', async (_what, reason) => {
    const { room, clock, events } = await setUp();
    room.end(reason);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual([{ reason }]);
  });

  test('is tried again eight times, after waits that double up to half a minute, and then given up', async () => {
    const { room, clock, events } = await setUp();
    const refused = new Error('invalid API key');
    room.outcomes = Array.from({ length: 8 }, () => refused);
    room.end();
    await clock.advance(600_000);
    expect(room.connections).toHaveLength(8);
    expect(events).toEqual([
      'try 1 at 0',
      'try 2 at 1000',
      'try 3 at 3000',
      'try 4 at 7000',
      'try 5 at 15000',
      'try 6 at 31000',
      'try 7 at 61000',
      'try 8 at 91000',
      { reason: undefined, error: refused },
    ]);
    expect(clock.pending()).toBe(0);
  });

  test('is given up at once where no token is to be had by trying again', async () => {
    const error = new TokenError('not_a_member', { status: 403 });
    const { room, clock, events } = await setUp({ getToken: () => Promise.reject(error) });
    room.end(DisconnectReason.SERVER_SHUTDOWN);
    await clock.advance(600_000);
    expect(events).toEqual(['try 1 at 0', { reason: DisconnectReason.SERVER_SHUTDOWN, error }]);
    expect(room.connections).toEqual([]);
  });

  test.each([
    ['the endpoint does not answer', new TokenError('no_answer')],
    ['the reader’s JWT can’t be renewed just now', new Error('offline')],
  ])('is tried again where %s', async (_what, error) => {
    const getToken = vi.fn(() => Promise.resolve(answer)).mockRejectedValueOnce(error);
    const { room, clock, events } = await setUp({ getToken });
    room.end();
    await clock.advance(3_000);
    expect(events).toEqual(['try 1 at 0', 'try 2 at 1000', 'joined with a.meeting.token at 3000']);
  });

  test('soon after joining again continues the count of tries, so that rejoining ends at some point', async () => {
    const { room, clock, events } = await setUp();
    for (let times = 0; times < 8; times++) {
      room.end();
      await clock.advance(30_000);
    }
    expect(room.connections).toHaveLength(8);
    room.end();
    await clock.advance(600_000);
    expect(room.connections).toHaveLength(8);
    expect(events.at(-1)).toEqual({ reason: undefined });
  });

  test('after a minute in the meeting starts the count of tries again', async () => {
    const { room, clock, events } = await setUp();
    room.end();
    await clock.advance(1_000 + 60_000);
    room.end();
    expect(events.at(-1)).toBe('try 1 at 61000');
    await clock.advance(1_000 + 59_999);
    room.end();
    expect(events.at(-1)).toBe('try 2 at 121999');
  });

  test('that the reader restores with their own click is not joined again, nor devices switched on', async () => {
    const { room, clock, events, switchedOn } = await setUp();
    room.setDevices({ camera: true, microphone: true });
    await clock.settle();
    room.end();
    await clock.advance(500);
    room.join();
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(switchedOn).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
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
});

describe('camera and microphone', () => {
  test.each([
    { camera: true, microphone: true },
    { camera: true, microphone: false },
    { camera: false, microphone: true },
    { camera: false, microphone: false },
  ])('are on again as they were: %j', async (devices) => {
    const { room, clock, switchedOn } = await setUp();
    room.setDevices({ camera: !devices.camera, microphone: !devices.microphone });
    await clock.settle();
    room.setDevices(devices);
    await clock.settle();
    room.end();
    await clock.advance(1_000);
    expect(switchedOn).toEqual([
      ...(devices.camera ? ['camera'] : []),
      ...(devices.microphone ? ['microphone'] : []),
    ]);
  });

  test.each(['localTrackPublished', 'localTrackUnpublished', 'trackMuted', 'trackUnmuted'] as const)(
    'are followed by the event %s',
    async (event) => {
      const { room, clock, switchedOn } = await setUp();
      room.setDevices({ camera: true, microphone: true }, event);
      await clock.settle();
      room.end();
      await clock.advance(1_000);
      expect(switchedOn).toEqual(['camera', 'microphone']);
    },
  );

  test('that were on before this began to watch count too', async () => {
    const room = new LocalRoom();
    room.setDevices({ camera: false, microphone: true });
    onTestFinished(() => void vi.restoreAllMocks());
    const microphone = vi.spyOn(room.localParticipant, 'setMicrophoneEnabled').mockResolvedValue(undefined);
    const clock = manualClock();
    room.join();
    stayInMeeting(room, () => Promise.resolve(answer), { clock, random: () => 1 });
    room.end();
    await clock.advance(1_000);
    expect(microphone).toHaveBeenCalledWith(true);
  });

  test('that fail don’t keep the reader out', async () => {
    const { room, clock, events } = await setUp();
    vi.spyOn(room.localParticipant, 'setCameraEnabled').mockRejectedValue(new Error('in use'));
    room.setDevices({ camera: true, microphone: false });
    await clock.settle();
    room.end();
    await clock.advance(1_000);
    expect(events.at(-1)).toBe('joined with a.meeting.token at 1000');
  });
});

describe('a reader who leaves while the connection is lost', () => {
  test('while waiting is left alone', async () => {
    const { room, clock, events, stop } = await setUp();
    room.end();
    await clock.advance(500);
    stop();
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(events).toEqual(['try 1 at 0']);
    expect(clock.pending()).toBe(0);
  });

  test('at the first news of it is left alone', async () => {
    const room = new LocalRoom();
    const clock = manualClock();
    room.join();
    const stop = stayInMeeting(room, () => Promise.resolve(answer), {
      clock,
      random: () => 1,
      onRejoining: () => stop(),
    });
    room.end();
    await clock.settle();
    expect(clock.pending()).toBe(0);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
  });

  test('while the token is fetched is left alone, and the fetching is aborted', async () => {
    const signals: AbortSignal[] = [];
    const room = new LocalRoom();
    const clock = manualClock();
    let resolve = (_: TokenAnswer) => {};
    const fetched = new Promise<TokenAnswer>((settle) => {
      resolve = settle;
    });
    const end = vi.fn();
    room.join();
    const stop = stayInMeeting(
      room,
      (signal) => {
        signals.push(signal);
        return fetched;
      },
      { clock, random: () => 0, onEnd: end },
    );
    room.end();
    await clock.advance(500);
    stop();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    resolve(answer);
    await clock.advance(600_000);
    expect(room.connections).toEqual([]);
    expect(end).not.toHaveBeenCalled();
  });

  test('is not watched any more', async () => {
    const { room, clock, events, stop } = await setUp();
    stop();
    room.join();
    room.end();
    await clock.advance(600_000);
    expect(events).toEqual([]);
  });
});
