/** Staying in a meeting with `livekit-client`. This module imports only its types. */
import type { DisconnectReason, Room } from 'livekit-client';
import type { TokenAnswer, TokenRequestBody } from '../lib/contract.ts';
import { type Devices, rememberDevices } from './devices.ts';
import { environment, isOffline } from './environment.ts';
import { TokenError } from './errors.ts';
import { areTwo, readerOf } from './reader.ts';
import { createRejoinSchedule } from './rejoin-schedule.ts';
import type { TokenClient } from './token-client.ts';
import { type Clock, systemClock } from './waiting.ts';

export interface StayOptions {
  /** Called before each try to join again, with its number from 1 on. */
  onRejoining?: ((attempt: number) => void) | undefined;
  /** Called when the reader is in the meeting again, with the token that let them in. */
  onRejoined?: ((answer: TokenAnswer) => void) | undefined;
  /**
   * Called when the meeting is over for this reader: with LiveKit's reason, and with the last error where they could not join again.
   * Use it instead of the room's `Disconnected`, which comes before each rejoining too.
   */
  onEnd?: ((reason: DisconnectReason | undefined, error?: unknown) => void) | undefined;
  /** For tests: the clock, and random numbers from 0 to 1. */
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
}

/**
 * LiveKit's reasons after which this does not join again: the reader left (1), joined from somewhere else (2), were removed by a
 * moderator (4), or the meeting was closed for everyone (5, 10).
 */
const finalReasons: readonly (DisconnectReason | undefined)[] = [1, 2, 4, 5, 10];

/** A meeting that lasted as long as this, in milliseconds, was really joined: the next loss has a schedule of its own. */
const settledMs = 60_000;

/** How soon after a stop a new start continues, in milliseconds. */
const restartMs = 1_000;

/** A meeting that the reader is in, or lost. */
interface Meeting {
  room: string;
  identity: string;
  /** In milliseconds since the epoch. */
  joinedAt: number;
  /** Why it was lost. */
  reason?: DisconnectReason | undefined;
}

/** A rejoining that was stopped. */
interface Stopped {
  meeting: Meeting;
  devices: Devices;
  schedule: ReturnType<typeof createRejoinSchedule>;
  request: string;
  at: number;
}

const stopped = new WeakMap<Room, Stopped>();

/**
 * Keeps a reader in the meeting. LiveKit's client restores a lost connection with the token that it has. When that is refused
 * (it ran out while the laptop slept, its key was deleted) or the server went away, this asks for a new one and joins again, with
 * camera and microphone as they were; a shared screen needs a click of the reader. It does not join again after a removal or after
 * leaving, and never another room or as another reader.
 *
 * Started again for the same request within a second of being stopped, while the connection is lost, it tries at once.
 *
 * @returns a function that ends this, a try to join that is under way included: call it before `room.disconnect()`, or a reader who
 * leaves while the connection is lost comes back
 */
export function stayInMeeting(
  room: Room,
  client: TokenClient,
  request: TokenRequestBody,
  options: StayOptions = {},
): () => void {
  const { onRejoining, onRejoined, onEnd, clock = systemClock, random = Math.random } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const key = JSON.stringify(request);
  const isIn = () => room.state !== 'disconnected' && room.state !== 'connecting';

  const before = stopped.get(room);
  stopped.delete(room);
  const isRestart = before?.request === key && clock.now() - before.at <= restartMs && !isIn();
  const memory = rememberDevices(room, isRestart ? before.devices : undefined);
  let schedule = isRestart ? before.schedule : createRejoinSchedule(random);
  let meeting: Meeting | undefined;
  let lost: Meeting | undefined;
  let mine: Stopped | undefined;
  let isConnecting = false;
  /** Ends the waiting before a try. */
  let wake = () => {};

  const onConnected = () => {
    lost = undefined;
    meeting = { room: room.name, identity: room.localParticipant.identity, joinedAt: clock.now() };
    if (isConnecting) return;
    // The reader has joined by themselves.
    schedule = createRejoinSchedule(random);
    memory.look();
    wake();
  };
  const onDisconnected = (reason?: DisconnectReason) => {
    // A try to join has failed: the code that made it handles that.
    if (meeting === undefined) return;
    if (clock.now() - meeting.joinedAt >= settledMs) schedule = createRejoinSchedule(random);
    const left = { ...meeting, reason };
    meeting = undefined;
    if (finalReasons.includes(reason)) tell(onEnd, reason);
    else void rejoin(left);
  };
  const onOnline = () => {
    schedule = createRejoinSchedule(random);
    wake();
  };

  /** Tries until the reader is in the meeting again, by this or by themselves, or until it is no use. */
  const rejoin = async (from: Meeting) => {
    lost = from;
    const isOver = () => signal.aborted || lost !== from || isIn();
    let answer: TokenAnswer | undefined;
    let error: unknown;
    for (let attempt = 1; ; attempt += 1) {
      const waitMs = schedule(error);
      if (waitMs === undefined) break;
      tell(onRejoining, attempt);
      await pause(waitMs);
      if (isOver()) return;
      // The reader is joining by themselves.
      if (room.state === 'connecting') continue;
      try {
        if (answer === undefined) answer = await client.getToken(request, { signal, retries: 0 });
        if (isOver()) return;
        const { room_name, server_url, token } = answer;
        if (room_name !== from.room || areTwo(readerOf(token), from.identity)) {
          throw new TokenError('unexpected_answer', { message: 'for another room or reader' });
        }
        isConnecting = true;
        await room.connect(server_url, token).finally(() => {
          isConnecting = false;
        });
        if (signal.aborted && stopped.get(room) === mine) await room.disconnect();
        if (signal.aborted || !isIn()) return;
        void memory.reopen();
        tell(onRejoined, answer);
        return;
      } catch (caught) {
        if (isOver()) return;
        error = caught;
        if (error instanceof TokenError && !error.isWorthRetrying) break;
        // LiveKit could not be reached: the token is as good as it was.
        if (!isUnreachable(error)) answer = undefined;
        if (isOffline()) schedule = createRejoinSchedule(random);
      }
    }
    lost = undefined;
    tell(onEnd, from.reason, error);
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  room.on('connected', onConnected).on('disconnected', onDisconnected);
  environment.addEventListener?.('online', onOnline);
  if (isIn()) onConnected();
  if (isRestart) {
    void rejoin(before.meeting);
    wake();
  }
  return () => {
    stopping.abort();
    if (lost) {
      mine = { meeting: lost, devices: memory.last(), schedule, request: key, at: clock.now() };
      stopped.set(room, mine);
    }
    if (isConnecting) void room.disconnect();
    wake();
    memory.stop();
    room.off('connected', onConnected).off('disconnected', onDisconnected);
    environment.removeEventListener?.('online', onOnline);
  };
}

/** LiveKit's `ConnectionErrorReason`: all but `NotAllowed`, which is 0. */
function isUnreachable(error: unknown): boolean {
  return Boolean(Object(error).reason);
}

/** Calls back. What that throws is reported as uncaught errors are, and stops nothing here. */
function tell<Arguments extends unknown[]>(
  callback: ((...args: Arguments) => void) | undefined,
  ...args: Arguments
): void {
  try {
    callback?.(...args);
  } catch (error) {
    environment.reportError?.(error);
  }
}
