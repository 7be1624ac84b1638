/** Staying in a meeting with `livekit-client`. This module imports only its types. */
import type { DisconnectReason, Room } from 'livekit-client';
import type { TokenAnswer, TokenRequestBody } from '../lib/contract.ts';
import { environment } from './environment.ts';
import { TokenError } from './errors.ts';
import { isOfAnother } from './reader.ts';
import { createSchedule, type Growth, type Schedule } from './schedule.ts';
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

/** Events after which other devices may be on. */
const deviceEvents = ['localTrackPublished', 'localTrackUnpublished', 'trackMuted', 'trackUnmuted'] as const;

/**
 * The waits before joining again, in milliseconds: short ones, so that a reader is back soon after LiveKit is, but while the gateway
 * is busy so long ones that ten thousand readers need no more than four requests each.
 */
const usual: Growth = [2, 3_000, 10_000];
const busy: Growth = [4, 20_000, 220_000];

/** How long to wait in all, in milliseconds. Time asleep or offline does not count. */
const patienceMs = 600_000;

/** A meeting that lasted as long as this, in milliseconds, was really joined: the next loss has a schedule of its own. */
const settledMs = 60_000;

/** How soon after a stop a new start continues, in milliseconds. */
const restartMs = 1_000;

/** A rejoining that was stopped. */
interface Stopped {
  /** The request, in JSON. */
  key: string;
  /** In milliseconds since the epoch. */
  at: number;
  /** Why the connection was lost. */
  reason: DisconnectReason | undefined;
  schedule: Schedule | undefined;
  /** Switches on the devices that were on. LiveKit reports failures with `MediaDevicesError`. */
  reopen: () => Promise<unknown>;
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
  { onRejoining, onRejoined, onEnd, clock = systemClock, random = Math.random }: StayOptions = {},
): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const key = JSON.stringify(request);
  const reader = room.localParticipant;
  const isIn = () => room.state !== 'disconnected' && room.state !== 'connecting';
  const rememberDevices = () => {
    const { isCameraEnabled, isMicrophoneEnabled } = reader;
    return () =>
      Promise.allSettled([
        isCameraEnabled && reader.setCameraEnabled(true),
        isMicrophoneEnabled && reader.setMicrophoneEnabled(true),
      ]);
  };

  let schedule: Schedule | undefined;
  let reopen: () => Promise<unknown> = rememberDevices();
  let lost: { reason: DisconnectReason | undefined } | undefined;
  /** In milliseconds since the epoch; 0 while the reader is not in the meeting. */
  let joinedAt = 0;
  /** How many times this is connecting, or switching devices on. */
  let joining = 0;
  /** Ends the waiting before a try. */
  let wake: (() => void) | undefined;

  // Not at once: LiveKit unpublishes all tracks just before it tells of a lost connection, though no one switched them off.
  const look = () =>
    queueMicrotask(() => {
      if (!joining && room.state === 'connected') reopen = rememberDevices();
    });
  const onConnected = () => {
    lost = undefined;
    // A meeting that the reader has joined by themselves counts as settled.
    joinedAt = joining ? clock.now() : 1;
    look();
  };
  const onDisconnected = (reason?: DisconnectReason) => {
    // A try to join has failed: the code that made it handles that.
    if (!joinedAt) return;
    if (clock.now() - joinedAt >= settledMs) schedule = undefined;
    joinedAt = 0;
    if (finalReasons.includes(reason)) tell(onEnd, reason);
    else void rejoin(reason);
  };

  /** Tries until the reader is in the meeting again, by this or by themselves, or until it is no use. */
  const rejoin = async (reason: DisconnectReason | undefined) => {
    lost = { reason };
    const loss = lost;
    const isOver = () => signal.aborted || lost !== loss;
    let kept: TokenAnswer | undefined;
    let error: unknown;
    for (let attempt = 1; ; attempt += 1) {
      schedule = schedule ?? createSchedule(random, patienceMs, usual, busy);
      const waitMs = schedule(error);
      if (waitMs === undefined) break;
      tell(onRejoining, attempt);
      await new Promise<void>((resolve) => {
        const cancel = clock.after(waitMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
      if (isOver()) return;
      // The reader is joining by themselves.
      if (room.state === 'connecting') continue;
      try {
        const answer = kept ?? (await client.getToken(request, { signal, retries: 0 }));
        kept = answer;
        if (isOver()) return;
        const { room_name, server_url, token } = answer;
        // Of another room, or another reader's, who has signed in since.
        if (room_name !== room.name || isOfAnother(token, reader.identity)) {
          throw new TokenError('unexpected_answer', {}, client.language);
        }
        joining += 1;
        await room
          .connect(server_url, token)
          .then(() => {
            if (stopped.has(room)) void room.disconnect();
            if (signal.aborted || lost) return;
            tell(onRejoined, answer);
            return reopen();
          })
          .finally(() => {
            joining -= 1;
          });
        return look();
      } catch (caught) {
        if (isOver()) return;
        error = caught;
        // LiveKit could not be reached (all of its reasons but 0, a refusal): the token is as good as it was.
        if (!Object(error).reason) kept = undefined;
      }
    }
    lost = undefined;
    tell(onEnd, reason, error);
  };

  const listen = (method: 'on' | 'off') => {
    room[method]('connected', onConnected)[method]('disconnected', onDisconnected);
    for (const event of deviceEvents) room[method](event, look);
  };
  listen('on');
  environment.addEventListener?.('online', () => wake?.(), { signal });
  const before = stopped.get(room);
  stopped.delete(room);
  if (isIn()) onConnected();
  else if (before?.key === key && clock.now() - before.at <= restartMs) {
    ({ schedule, reopen } = before);
    void rejoin(before.reason);
    wake?.();
  }
  return () => {
    stopping.abort();
    wake?.();
    if (lost) stopped.set(room, { key, at: clock.now(), reason: lost.reason, schedule, reopen });
    if (joining && !isIn()) void room.disconnect();
    listen('off');
  };
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
