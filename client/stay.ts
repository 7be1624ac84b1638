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

/** As LiveKit's methods name them. */
const devices = ['Camera', 'Microphone'] as const;
type Device = (typeof devices)[number];

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

/** Why the connection was lost. The object itself is the loss's identity. */
interface Loss {
  reason: DisconnectReason | undefined;
}

/** A rejoining that was stopped: its request in JSON, when that was, and its state. */
type Stopped = readonly [key: string, at: number, lost: Loss, on: readonly Device[], Schedule];

const stopped = new WeakMap<Room, Stopped>();

/**
 * Keeps a reader in the meeting. LiveKit's client restores a lost connection with the token that it has. When that is refused
 * (it ran out while the laptop slept, its key was deleted) or the server went away, this asks for a new one and joins again, with
 * camera and microphone as they were; a shared screen needs a click of the reader. It does not join again after a removal or after
 * leaving, and never another room or as another reader.
 *
 * Started again for the same request within a second of being stopped, while the connection is lost, it tries at once. Later it waits
 * until the reader has joined by themselves.
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
  const isOut = () => signal.aborted || room.state !== 'connected';

  let schedule: Schedule;
  /** The devices that are on, or were when the connection was lost. */
  let on: readonly Device[] = [];
  /** Those of them that this is switching on again: the browser may be asking the reader for as long as they like. */
  let opening: readonly Device[] = [];
  let lost: Loss | undefined;
  /** In milliseconds since the epoch; 0 while the reader is not in the meeting. */
  let joinedAt = 0;
  /** How many times this is connecting. */
  let joining = 0;
  /** Ends the waiting before a try, or the try: then the next one follows at once. */
  let trying = new AbortController();

  // Not at once: LiveKit unpublishes all tracks just before it tells of a lost connection, though no one switched them off.
  const look = () =>
    queueMicrotask(() => {
      if (joining || isOut()) return;
      opening = opening.filter((device) => !reader[`is${device}Enabled`]);
      on = devices.filter((device) => reader[`is${device}Enabled`] || opening.includes(device));
    });
  const onConnected = () => {
    lost = undefined;
    // A meeting that the reader has joined by themselves counts as settled.
    joinedAt = joining ? clock.now() : -settledMs;
    look();
  };
  const onDisconnected = (reason?: DisconnectReason) => {
    // A try to join has failed: the code that made it handles that.
    if (!joinedAt) return;
    if (clock.now() - joinedAt >= settledMs) schedule = createSchedule(random, patienceMs, usual, busy);
    joinedAt = 0;
    if (finalReasons.includes(reason)) tell(onEnd, reason);
    else void rejoin({ reason });
  };

  /** Tries until the reader is in the meeting again, by this or by themselves, or until it is no use. */
  const rejoin = async (loss: Loss) => {
    lost = loss;
    trying = new AbortController();
    const isOver = () => signal.aborted || lost !== loss;
    let kept: TokenAnswer | undefined;
    let error: unknown;
    for (let attempt = 1; ; attempt += 1) {
      const waitMs = schedule(error);
      if (waitMs === undefined) break;
      tell(onRejoining, attempt);
      await new Promise<void>((resolve) => {
        trying.signal.addEventListener('abort', clock.after(trying.signal.aborted ? 0 : waitMs, resolve));
        trying.signal.addEventListener('abort', () => resolve());
      });
      if (isOver()) return;
      trying = new AbortController();
      // The reader is joining by themselves.
      if (room.state === 'connecting') continue;
      try {
        const answer = await client.getToken(request, { signal: trying.signal, retries: 0, kept });
        kept = answer;
        if (isOver()) return;
        const { room_name, server_url, token } = answer;
        // Of another room, or another reader's, who has signed in since.
        if (room_name !== room.name || isOfAnother(token, reader.identity)) {
          throw new TokenError('unexpected_answer', {}, client.language);
        }
        joining += 1;
        await room.connect(server_url, token).finally(() => {
          joining -= 1;
        });
        // Stopped too late to end this, and not started again for the same request.
        if (signal.aborted && stopped.has(room)) void room.disconnect();
        if (isOut()) return;
        tell(onRejoined, answer);
        if (isOut()) return;
        opening = on;
        // LiveKit reports failures with `MediaDevicesError`.
        await Promise.allSettled(on.map((device) => reader[`set${device}Enabled`](true)));
        opening = [];
        look();
        return;
      } catch (caught) {
        if (isOver()) return;
        error = caught;
        // LiveKit could not be reached (all of its reasons but 0, a refusal): the token is as good as it was.
        if (!Object(error).reason) kept = undefined;
      }
    }
    lost = undefined;
    tell(onEnd, loss.reason, error);
  };

  const listen = (method: 'on' | 'off') => {
    room[method]('connected', onConnected)[method]('disconnected', onDisconnected);
    for (const event of deviceEvents) room[method](event, look);
  };
  listen('on');
  environment.addEventListener?.('online', () => trying.abort(), { signal });
  const before = stopped.get(room);
  if (room.state !== 'disconnected' && room.state !== 'connecting') onConnected();
  else if (before) {
    const [formerKey, at, loss] = before;
    if (formerKey === key && clock.now() - at <= restartMs) {
      stopped.delete(room);
      [, , , on, schedule] = before;
      void rejoin(loss);
      trying.abort();
    }
  }
  return () => {
    stopping.abort();
    trying.abort();
    if (lost) {
      stopped.set(room, [key, clock.now(), lost, on, schedule]);
      if (joining) void room.disconnect();
    }
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
