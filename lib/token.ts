import type { VideoGrant } from 'livekit-server-sdk';
import { AccessToken } from 'livekit-server-sdk';
import type { LiveKitCredentials } from './secret/livekit-credentials.ts';

/** Who may do what, where, and for how long. */
export interface Admission {
  /** 1 to 256 bytes of UTF-8. */
  identity: string;
  /** The display name. */
  name: string;
  room: string;
  grant: Readonly<VideoGrant>;
  /** What LiveKit tells the others in the room; `undefined` leaves the claim out. */
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
  // Set afterwards, a number is the second of the expiry itself, and not a time to live that the SDK adds to the clock when it
  // signs: the answer has to say what the token says.
  const expiry = Math.floor(Date.now() / 1000) + ttlSeconds;
  token.ttl = expiry;
  token.addGrant({ room, ...grant });
  // Stryker disable next-line ConditionalExpression: a claim that is set to undefined is left out of JSON, too.
  if (attributes !== undefined) token.attributes = attributes;
  return { jwt: await token.toJwt(), expiresAt: new Date(expiry * 1000) };
}
