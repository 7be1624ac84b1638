import type { VideoGrant } from 'livekit-server-sdk';
import { AccessToken } from 'livekit-server-sdk';
import type { LiveKitCredentials } from './secret/livekit-credentials.ts';

/** What a token allows: who, what, in which room and for how long. */
export interface Admission {
  /** 1 to 256 bytes of UTF-8. */
  identity: string;
  /** The display name. */
  name: string;
  room: string;
  grant: Readonly<VideoGrant>;
  /** What LiveKit shows everyone in the room; `undefined` leaves the claim out. */
  attributes: Readonly<Record<string, string>> | undefined;
  ttlSeconds: number;
}

export interface MeetingToken {
  /** A JWT, signed HS256 with the project's API secret. */
  jwt: string;
  expiresAt: Date;
}

/** Mints a token that LiveKit accepts from this moment on, for `ttlSeconds`. */
export async function mintToken(
  admission: Admission,
  credentials: LiveKitCredentials,
): Promise<MeetingToken> {
  const { identity, name, room, grant, attributes, ttlSeconds } = admission;
  const token = new AccessToken(credentials.apiKey, credentials.apiSecret, { identity, name });
  // Set after construction, the SDK takes a number as the time of expiry in seconds. In the constructor it would be a duration,
  // added to the clock at signing: `expiresAt` could then differ from the token's `exp`.
  const expiry = Math.floor(Date.now() / 1000) + ttlSeconds;
  token.ttl = expiry;
  token.addGrant({ room, ...grant });
  // Stryker disable next-line ConditionalExpression: a claim that is set to undefined is left out of JSON, too.
  if (attributes !== undefined) token.attributes = attributes;
  return { jwt: await token.toJwt(), expiresAt: new Date(expiry * 1000) };
}
