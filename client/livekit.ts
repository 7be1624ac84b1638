/** Joining and staying in a meeting with `livekit-client`. This module imports only its types. */
import type {
  DisconnectReason,
  Room,
  TokenSourceFetchOptions,
  TokenSourceResponseObject,
} from 'livekit-client';
import type { TokenAnswer } from '../lib/contract.ts';
import { TokenError } from './errors.ts';
import type { TokenClient } from './token-client.ts';
import { backOff, type Clock, systemClock, wait } from './waiting.ts';

/** As `TokenSource.fetch` takes them, and as its callers give them: there, but `undefined`. */
type FetchOptions = { [Name in keyof TokenSourceFetchOptions]: TokenSourceFetchOptions[Name] | undefined };

/**
 * What `TokenSource.custom` takes, for every club: `TokenSource.custom(forTokenSource(client))`. Each fetch asks for the bearer again;
 * `TokenSource` itself keeps a token until a minute before it expires.
 *
 * @throws {TypeError} for an option that the endpoint does not support
 */
export function forTokenSource(
  client: TokenClient,
): (options: FetchOptions) => Promise<TokenSourceResponseObject> {
  return async ({ roomName, participantName, participantIdentity, ...others }) => {
    const unsupported = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : name));
    if (unsupported.length > 0) {
      throw new TypeError(`The token endpoint does not support ${unsupported.join(', ')}: leave it out.`);
    }
    const { server_url, participant_token } = await client.getToken({
      room_name: roomName,
      participant_name: participantName,
      participant_identity: participantIdentity,
    });
    return { serverUrl: server_url, participantToken: participant_token };
  };
}

export interface StayOptions {
  /** Called before each try to join again, with its number from 1 on. */
  onRejoining?: (attempt: number) => void;
  /** Called when the reader is in the meeting again, with the token that let them in. */
  onRejoined?: (answer: TokenAnswer) => void;
  /**
   * Called when the meeting is over for this reader: with LiveKit's reason, and with the last error where they could not join again.
   * Use it instead of the room's `Disconnected`, which comes before each rejoining too.
   */
  onEnd?: (reason: DisconnectReason | undefined, error?: unknown) => void;
  /** For tests: the clock, and random numbers from 0 to 1. */
  clock?: Clock;
  random?: () => number;
}

/**
 * LiveKit's reasons after which this does not join again: the reader left (1), joined from somewhere else (2), were removed by a
 * moderator (4), or the meeting was closed for everyone (5, 10).
 */
const finalReasons: readonly (DisconnectReason | undefined)[] = [1, 2, 4, 5, 10];

/** The first wait before joining again, and the longest, in milliseconds; each try doubles it. About two minutes in all. */
const firstWaitMs = 1_000;
const longestWaitMs = 30_000;
const mostAttempts = 8;

/** Events after which other devices may be on. */
const deviceEvents = ['localTrackPublished', 'localTrackUnpublished', 'trackMuted', 'trackUnmuted'] as const;

/** A meeting that lasted as long as this, in milliseconds, was really joined: the count of tries starts again. */
const settledMs = 60_000;

/**
 * Keeps a reader in the meeting. LiveKit's client restores a lost connection with the token that it has. When that is refused
 * (it ran out while the laptop slept, its key was deleted) or the server went away, this fetches a new one and joins again, with
 * camera and microphone as they were; a shared screen needs a click of the reader. It does not join again after a removal or after leaving.
 *
 * @param getToken returns a new token for the same meeting, never a stored one
 * @returns a function that ends this: call it before `room.disconnect()`, or a reader who leaves while the connection is lost comes back
 */
export function stayInMeeting(
  room: Room,
  getToken: (signal: AbortSignal) => Promise<TokenAnswer>,
  options: StayOptions = {},
): () => void {
  const { onRejoining, onRejoined, onEnd, clock = systemClock, random = Math.random } = options;
  const reader = room.localParticipant;
  const stopping = new AbortController();
  const { signal } = stopping;
  const isOut = () => ['disconnected', 'connecting'].includes(room.state);

  let devices = { camera: reader.isCameraEnabled, microphone: reader.isMicrophoneEnabled };
  // Not at once: LiveKit unpublishes all tracks just before it tells of a lost connection, though no one switched them off.
  const remember = () =>
    queueMicrotask(() => {
      devices = { camera: reader.isCameraEnabled, microphone: reader.isMicrophoneEnabled };
    });

  let joinedAt = isOut() ? undefined : clock.now();
  let attempts = 0;
  const onConnected = () => {
    joinedAt = clock.now();
  };
  const onDisconnected = async (reason?: DisconnectReason) => {
    // A try to join has failed: the code that made it handles that.
    if (joinedAt === undefined) return;
    if (clock.now() - joinedAt >= settledMs) attempts = 0;
    joinedAt = undefined;
    const error = finalReasons.includes(reason) ? undefined : await rejoin(devices);
    if (isOut() && !signal.aborted) onEnd?.(reason, error);
  };

  /** Resolves when the reader is in the meeting again or has left, or with the last error. */
  const rejoin = async ({ camera, microphone }: typeof devices): Promise<unknown> => {
    let error: unknown;
    while (attempts < mostAttempts) {
      const waitMs = backOff(attempts, firstWaitMs, longestWaitMs, random);
      attempts += 1;
      onRejoining?.(attempts);
      let answer: TokenAnswer;
      try {
        await wait(clock, waitMs, signal);
        // The reader has joined already.
        if (!isOut()) return undefined;
        answer = await getToken(signal);
        signal.throwIfAborted();
        await room.connect(answer.server_url, answer.participant_token);
      } catch (caught) {
        error = caught;
        if (signal.aborted || (caught instanceof TokenError && !caught.isWorthRetrying)) break;
        continue;
      }
      // Not awaited: the browser may ask the reader first. LiveKit reports failures with `MediaDevicesError`.
      if (camera) reader.setCameraEnabled(true).catch(() => {});
      if (microphone) reader.setMicrophoneEnabled(true).catch(() => {});
      onRejoined?.(answer);
      return undefined;
    }
    return error;
  };

  room.on('connected', onConnected).on('disconnected', onDisconnected);
  for (const event of deviceEvents) room.on(event, remember);
  return () => {
    stopping.abort();
    room.off('connected', onConnected).off('disconnected', onDisconnected);
    for (const event of deviceEvents) room.off(event, remember);
  };
}
