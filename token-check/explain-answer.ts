/** What LiveKit's refusals mean. The words are those of the open server 1.13.5, and of LiveKit Cloud where they differ. */
import type { LiveKitAnswer } from './finding.ts';

export interface Explanation {
  /** For programs: stable, in kebab-case. */
  code: string;
  cause: string;
  remedy: string;
}

interface Refusal extends Explanation {
  status: number;
  words: RegExp;
}

const resign = 'Check that LIVEKIT_API_KEY and LIVEKIT_API_SECRET belong together.';

const refusals: readonly Refusal[] = [
  {
    code: 'two-projects',
    status: 401,
    words: /invalid API key for domain/,
    cause: 'The API key and the LiveKit URL belong to two different LiveKit Cloud projects.',
    remedy:
      'Take LIVEKIT_API_KEY, LIVEKIT_API_SECRET and LIVEKIT_WS_URL from one project, and look for an older value that overrides one of them.',
  },
  {
    code: 'unknown-key',
    status: 401,
    words: /invalid API key/,
    cause: 'The server at this URL has no such API key: it is another project, or the key was deleted there.',
    remedy:
      'Take LIVEKIT_API_KEY, LIVEKIT_API_SECRET and LIVEKIT_WS_URL from one project (Settings → Keys); check that key and secret are not swapped.',
  },
  {
    code: 'unreadable',
    status: 401,
    words: /invalid authorization token/,
    cause: 'The server received something that is not a readable JWT.',
    remedy:
      'Pass the complete token, unchanged: the string from "token", not the object around it or a Promise.',
  },
  {
    code: 'wrong-claim-type',
    status: 401,
    words: /could not JSON decode claim/,
    cause: 'A claim or a grant is of the wrong type, so the server reads none.',
    remedy: 'Sign true and false, not "true" and "false", and objects where LiveKit has objects.',
  },
  {
    code: 'wrong-algorithm',
    status: 401,
    words: /signing method .* is invalid/,
    cause: 'The token is not signed with HS256, the only algorithm that LiveKit accepts.',
    remedy:
      'Sign with HS256 and the API secret. A sign-in’s JWT (RS256) is for the token endpoint, not for LiveKit.',
  },
  {
    code: 'wrong-secret',
    status: 401,
    words: /signature is invalid/,
    cause:
      'The server has this API key, but the token was signed with another secret, or changed afterwards.',
    remedy: `${resign} White space or a line break at the end of the secret counts.`,
  },
  {
    code: 'expired',
    status: 401,
    words: /token is expired/,
    cause: 'The token ran out more than a minute ago by the server’s clock.',
    remedy:
      'Fetch a new token right before joining. If a new one is refused too, a clock is wrong: the server’s or the signer’s.',
  },
  {
    code: 'not-yet-valid',
    status: 401,
    words: /token is not valid yet/,
    cause: 'The token begins more than a minute from now by the server’s clock.',
    remedy: 'Set the clocks of the server and of the machine that signs the token: one of them is wrong.',
  },
  {
    code: 'no-video-grant',
    status: 401,
    words: /no permissions to access the room/,
    cause:
      'The token has no video grant, or none arrived with the request. Some clients ask a second time without the token after any failure, and report this 401 instead of what the server first said.',
    remedy:
      'Check that the token has a video grant. If it has, look for the first answer in the server’s log (503 when it is full, for instance), and update the client’s SDK.',
  },
  {
    code: 'no-room-join',
    status: 401,
    words: /permissions denied/,
    cause:
      'The video grant does not say roomJoin: true. It is empty when the grants were lost before signing.',
    remedy:
      'Sign video: {"room": "reading-club-…", "roomJoin": true, …}, and await toJwt(), which is asynchronous.',
  },
  {
    code: 'no-bearer',
    status: 401,
    words: /invalid authorization header/,
    cause: 'The Authorization header does not start with "Bearer ".',
    remedy: 'Send "Authorization: Bearer <token>", or the token as access_token in the query.',
  },
  {
    code: 'no-identity',
    status: 400,
    words: /identity cannot be empty/,
    cause: 'The token has no identity: its sub is missing.',
    remedy: 'Sign the reader’s id as sub.',
  },
  {
    code: 'identity-too-long',
    status: 400,
    words: /identity length exceeds limits/,
    cause: 'The identity has more than 256 bytes.',
    remedy: 'Sign a shorter sub.',
  },
  {
    code: 'no-room',
    status: 400,
    words: /no room name/,
    cause: 'The video grant says roomJoin, but names no room.',
    remedy: 'Sign video.room: reading-club-<id>.',
  },
  {
    code: 'room-too-long',
    status: 400,
    words: /room name length exceeds limits/,
    cause: 'The room’s name has more than 256 bytes.',
    remedy: 'Sign a shorter video.room.',
  },
  {
    code: 'room-must-exist',
    status: 404,
    words: /requested room does not exist/,
    cause: 'The server creates no rooms by itself (room.auto_create: false), and this room does not exist.',
    remedy:
      'Create the room beforehand with the server API, or set room.auto_create: true. Never grant readers roomCreate: it also deletes rooms.',
  },
  {
    code: 'server-full',
    status: 503,
    words: /./,
    cause: 'The server has reached its limits, or a load balancer in front of it finds no server.',
    remedy: 'Wait and try again; then look at the server’s load and limits.',
  },
];

/** What an answer of LiveKit's means; `undefined` for one that is not known, success included. */
export function explainAnswer({ status, reason }: LiveKitAnswer): Explanation | undefined {
  const found = refusals.find((refusal) => refusal.status === status && refusal.words.test(reason));
  return found && { code: found.code, cause: found.cause, remedy: found.remedy };
}

/** What an error message of a LiveKit client means. It contains the server's words, but not always the status. */
export function explainMessage(message: string): Explanation | undefined {
  const found = refusals.find(({ code, words }) => code !== 'server-full' && words.test(message));
  return found && { code: found.code, cause: found.cause, remedy: found.remedy };
}
