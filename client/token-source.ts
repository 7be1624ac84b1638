/** For those parts of LiveKit's SDKs that take a `TokenSource`. This module imports only types of `livekit-client`. */
import type { TokenSource } from 'livekit-client';
import type { TokenRequestBody } from '../lib/contract.ts';
import type { TokenClient } from './token-client.ts';

/**
 * A `TokenSource` for one club: `meetingTokenSource(TokenSource, client, { reading_club_id: 123 })`. It asks for a new token each
 * time. LiveKit's other sources, `custom` and `endpoint`, keep a token for minutes, and give it to whoever is signed in by then.
 */
export function meetingTokenSource(
  { literal }: Pick<typeof TokenSource, 'literal'>,
  client: TokenClient,
  request: TokenRequestBody,
): ReturnType<typeof TokenSource.literal> {
  return literal(async () => {
    const { server_url, token } = await client.getToken(request);
    return { serverUrl: server_url, participantToken: token };
  });
}
