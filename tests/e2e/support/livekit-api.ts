/** LiveKit's HTTP interfaces, called with a test's token. */
import { RoomServiceClient, TrackSource } from 'livekit-server-sdk';
import { inject } from 'vitest';
import { apiKey, apiSecret } from '../../support/tokens.ts';

const { liveKitUrl } = inject('stack');

/** An answer as it came, but for the token, which LiveKit repeats in some refusals. */
export interface Answer {
  status: number;
  body: string;
}

/** What LiveKit says of a token before a client joins with it, and with these parameters. */
export async function validate(token: string, parameters: Record<string, string> = {}): Promise<Answer> {
  const query = new URLSearchParams({ access_token: token, ...parameters });
  const response = await fetch(`${liveKitUrl}/rtc/validate?${query}`);
  return { status: response.status, body: (await response.text()).replace(token, '<token>') };
}

/** One call of the server API. */
export async function roomService(token: string, method: string, parameters: object): Promise<Answer> {
  const response = await fetch(`${liveKitUrl}/twirp/livekit.RoomService/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(parameters),
  });
  return { status: response.status, body: await response.text() };
}

/** What the server itself knows, asked with the project's own key. */
export const liveKit = new RoomServiceClient(liveKitUrl, apiKey, apiSecret);

/** Who is in the room, according to the server, in alphabetical order, each with what they send: `user-001 Ana: camera, microphone`. */
export async function peopleIn(room: string, server = liveKit): Promise<string[]> {
  const participants = await server.listParticipants(room).catch(() => []);
  return participants
    .map(({ identity, name, tracks }) => {
      const sent = tracks
        .filter(({ muted }) => !muted)
        .map(({ source }) => TrackSource[source].toLowerCase());
      return `${identity} ${name}: ${sent.sort().join(', ') || 'nothing'}`;
    })
    .sort();
}

/** Who is in the room, according to the server, in alphabetical order. */
export const identitiesIn = async (room: string) =>
  (await liveKit.listParticipants(room)).map(({ identity }) => identity).sort();
