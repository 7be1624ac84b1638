import { createHmac } from 'node:crypto';
import type { ClaimGrants, VideoGrant } from 'livekit-server-sdk';
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
  /** A JWT, signed HS256 with the project's API secret: the one that the SDK's `AccessToken` would make. */
  jwt: string;
  expiresAt: Date;
}

/** `{"alg":"HS256"}` in base64url. */
const header = 'eyJhbGciOiJIUzI1NiJ9';

/** Mints a token that LiveKit accepts from this moment on, for `ttlSeconds`. */
export function mintToken(admission: Admission, credentials: LiveKitCredentials): MeetingToken {
  const { identity, name, room, grant, attributes, ttlSeconds } = admission;
  const nbf = Math.floor(Date.now() / 1000);
  const exp = nbf + ttlSeconds;
  const claims: ClaimGrants = {
    iss: credentials.apiKey,
    sub: identity,
    name,
    nbf,
    exp,
    video: { room, ...grant },
    ...(attributes && { attributes }),
  };
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = createHmac('sha256', credentials.apiSecret).update(signed).digest('base64url');
  return { jwt: `${signed}.${signature}`, expiresAt: new Date(exp * 1000) };
}
