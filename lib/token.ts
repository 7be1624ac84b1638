import type { VideoGrant } from 'livekit-server-sdk';
import { AccessToken } from 'livekit-server-sdk';
import * as v from 'valibot';
import type { LiveKitCredentials } from './livekit-credentials.ts';

/** Who may do what, where, and for how long. */
export interface Admission {
  /** 1 to 256 bytes of UTF-8. */
  identity: string;
  /** The display name. */
  name: string;
  room: string;
  grant: Readonly<VideoGrant>;
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
  const { identity, name, room, grant, ttlSeconds } = admission;
  const token = new AccessToken(credentials.apiKey, credentials.apiSecret, {
    identity,
    name,
    ttl: ttlSeconds,
  });
  token.addGrant({ room, ...grant });
  const jwt = await token.toJwt();
  return { jwt, expiresAt: expiryOf(jwt) };
}

const payloadSchema = v.object({ exp: v.number() });

/** Read back from the token: the SDK looks at the clock by itself, and the answer has to say what the token says. */
function expiryOf(jwt: string): Date {
  const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString();
  return new Date(v.parse(payloadSchema, JSON.parse(payload)).exp * 1000);
}
