import { AccessToken } from 'livekit-server-sdk';
import { type Admission, grant, type Secret, ttlSeconds } from './meeting.ts';

/** A token from LiveKit's SDK, as in its README. */
export function liveKitToken({ identity, name, room }: Admission, secret: Secret): Promise<string> {
  const token = new AccessToken(secret.LIVEKIT_API_KEY, secret.LIVEKIT_API_SECRET, {
    identity,
    name,
    ttl: ttlSeconds,
  });
  token.addGrant({ room, ...grant });
  return token.toJwt();
}
