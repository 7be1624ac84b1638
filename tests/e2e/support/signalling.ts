/** A participant without media: LiveKit's signalling connection alone, by the standard of its clients. */
import { SignalResponse } from '@livekit/protocol';
import { WebSocket } from 'undici';

/**
 * Joins with the token, waits for the token with which the server would let the participant come back, and leaves.
 *
 * @param url LiveKit's address, `ws:`
 * @returns the renewed token
 */
export function renewedToken(url: string, token: string): Promise<string> {
  const socket = new WebSocket(`${url}/rtc?access_token=${token}`);
  socket.binaryType = 'arraybuffer';
  return new Promise<string>((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      const { message } = SignalResponse.fromBinary(new Uint8Array(data));
      if (message.case === 'refreshToken') resolve(message.value);
    });
    socket.addEventListener('close', ({ code }) => reject(new Error(`The connection ended with ${code}.`)));
  }).finally(() => socket.close());
}
