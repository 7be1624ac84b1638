/** Joining a meeting with `livekit-client`. This module imports only its types. */
import type { Room } from 'livekit-client';
import type { TokenRequestBody } from '../lib/contract.ts';
import { type StayOptions, stayInMeeting } from './stay.ts';
import type { TokenClient } from './token-client.ts';
import { reasonOf } from './waiting.ts';

export interface JoinOptions extends StayOptions {
  /** Leaves the meeting when it aborts, whether the reader is in it by then or still on the way. */
  signal?: AbortSignal | undefined;
}

/**
 * Asks for a token, joins with it and stays in the meeting, as `stayInMeeting` does.
 *
 * @returns a function that leaves the meeting
 * @throws {TokenError} when there is no token, LiveKit's error when it does not let the reader in; rejects with the signal's reason
 * when that aborts first
 */
export async function joinMeeting(
  room: Room,
  client: TokenClient,
  request: TokenRequestBody,
  { signal, ...options }: JoinOptions = {},
): Promise<() => Promise<void>> {
  let stop = () => {};
  const leave = () => {
    stop();
    signal?.removeEventListener('abort', leave);
    return room.disconnect();
  };
  signal?.addEventListener('abort', leave);
  try {
    const { server_url, token } = await client.getToken(request, { signal });
    if (!signal?.aborted) await room.connect(server_url, token);
  } catch (error) {
    signal?.removeEventListener('abort', leave);
    if (!signal?.aborted) throw error;
  }
  if (signal?.aborted) {
    // Also out of a connection that could not be stopped any more.
    void leave();
    throw reasonOf(signal);
  }
  stop = stayInMeeting(room, client, request, options);
  return leave;
}
