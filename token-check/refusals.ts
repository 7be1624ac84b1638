/**
 * LiveKit's refusals of a token: what each era of the server answers, LiveKit Cloud and client SDKs say, what that means, and what
 * to do. Up to 1.12 the server verified with go-jose, since then with golang-jwt; from 1.13.6 on it repeats the token no longer. A
 * test compares the answers with servers. The first whose words fit explains an answer: the specific ones come before the general
 * ones.
 */
import { type Answers, always, type LiveKitAnswer, letIn } from './finding.ts';

export interface Refusal {
  /** 401 by default; 0 for what only a client says. */
  status?: number;
  /** What all its answers contain. */
  words: RegExp;
  cause: string;
  remedy: string;
  /** Of those that the judge foretells. */
  answers?: Answers;
}

/**
 * An answer after the key was found, in the words of golang-jwt and of go-jose: `''` where it lets the token in.
 *
 * @param before golang-jwt's words up to 1.13.5
 */
function verified(newest: string, jose: string, before = newest): Answers {
  const refuse = (prefix: string, words: string): LiveKitAnswer =>
    words === '' ? letIn : { status: 401, reason: prefix + words };
  return {
    'from 1.13.6': refuse('invalid authorization token: ', newest),
    '1.13.3 to 1.13.5': refuse('invalid token: <token>, error: ', before),
    'up to 1.12': refuse('invalid token: <token>, error: ', jose),
  };
}

/** go-jose takes any HMAC. */
export const wrongAlgorithm = (algorithm: string): Answers =>
  verified(
    `token signature is invalid: signing method ${algorithm} is invalid`,
    algorithm.startsWith('HS') ? '' : notVerified,
  );

/** @param key as the token names it */
export const unknownKey = (key: string): Answers => ({
  ...always({ status: 401, reason: `invalid API key: ${key}` }),
  'from 1.13.6': { status: 401, reason: 'invalid API key' },
});

/** golang-jwt names all faults of the times at once, and misses `exp` from 1.13.6 on; go-jose named the first, and read `iat`. */
export function wrongTimes(endless: boolean, expired: boolean, early: boolean, later: boolean): Answers {
  const join = (words: readonly (string | false)[]) => {
    const faults = words.filter(Boolean).join(', ');
    return faults && `token has invalid claims: ${faults}`;
  };
  const both = [expired && 'token is expired', early && 'token is not valid yet'];
  const jose = [
    early && 'failed, token not valid yet (nbf)',
    expired && 'failed, token is expired (exp)',
    later && 'field, token issued in the future (iat)',
  ].find(Boolean);
  return verified(
    join([endless && 'token is missing required claim: exp claim is required', ...both]),
    jose ? `go-jose/go-jose/jwt: validation ${jose}` : '',
    join(both),
  );
}

/** Of a refusal in the same words everywhere; the number of a limit may be another one. */
const inWords = (reason: string, status = 401) => ({
  status,
  words: new RegExp(reason.replace(/: .*/, '')),
  answers: always({ status, reason }),
});

const tooLong = (what: string, words: string, claim: string) => ({
  ...inWords(`${words} length exceeds limits: max length 256`, 400),
  cause: `The ${what} has more than 256 bytes.`,
  remedy: `Sign a shorter ${claim}.`,
});

const notVerified = 'go-jose/go-jose: error in cryptographic primitive';
const oneProject = 'Take the key, its secret and LIVEKIT_WS_URL from one project';
const signJoin = 'Sign video: {"room": "reading-club-…", "roomJoin": true, …}, and await toJwt().';

export const refusals = {
  'two-projects': {
    words: /invalid API key for domain/,
    cause: 'The API key and the LiveKit URL belong to two LiveKit Cloud projects.',
    remedy: `${oneProject}; look for an older value that overrides one.`,
  },
  'unknown-key': {
    words: /invalid API key/,
    cause: 'The server has no such API key: another project, or a deleted key.',
    remedy: `${oneProject} (Settings → Keys). Check that key and secret are not swapped.`,
  },
  revoked: {
    words: /revoked/,
    cause: 'The reader was removed from the room after the time in nbf.',
    remedy: 'Fetch a new token, a minute after the removal or later. Its nbf should be the time of signing.',
  },
  'wrong-type': {
    words: /could not JSON decode claim|json: cannot unmarshal|(?<!-)proto:/,
    cause: 'A claim or a grant is of the wrong type, so the server reads none.',
    remedy:
      'Sign true and false, not "true" and "false". "npm run verify" names the claim, and what it should be.',
    answers: verified('token is malformed: could not JSON decode claim: …', '…'),
  },
  'wrong-algorithm': {
    words: /signing method .* is invalid/,
    cause: 'The token is not signed with HS256, as LiveKit wants it.',
    remedy: 'Sign with HS256 and the API secret. A sign-in’s JWT is for the token endpoint.',
  },
  'wrong-secret': {
    words: /signature is invalid|error in cryptographic primitive/,
    cause: 'The token was signed with another secret than the API key’s, or changed afterwards.',
    remedy:
      'Check that LIVEKIT_API_KEY and LIVEKIT_API_SECRET belong together. A line break at the end of the secret counts.',
    answers: verified('token signature is invalid: signature is invalid', notVerified),
  },
  'never-expires': {
    words: /exp claim is required/,
    cause: 'The token never expires: where servers accept it, a thief can use it without end.',
    remedy: 'Sign exp: about ten minutes from now. LiveKit renews the tokens of connected clients.',
  },
  expired: {
    words: /token is expired/,
    cause: 'The token ran out more than a minute ago by the server’s clock.',
    remedy:
      'Fetch a new token right before joining. If it is refused too, a clock is wrong: the server’s or the signer’s.',
  },
  'not-yet-valid': {
    words: /not valid yet|issued in the future/,
    cause: 'The token begins more than a minute from now by the server’s clock.',
    remedy: 'Set the clocks of the server and of the signer: one is wrong.',
  },
  unreadable: {
    words: /invalid authorization token(?!:)/,
    cause: 'The server received something that is not a readable JWT.',
    remedy:
      'Pass the complete token, not the object around it or a Promise. Sign sub as a string, exp and nbf as numbers.',
    answers: always({ status: 401, reason: 'invalid authorization token' }),
  },
  refused: {
    words: /invalid (authorization )?token:/,
    cause: 'The server refuses the token, and its last words say why.',
    remedy: 'Check the token with "npm run verify".',
  },
  'no-video-grant': {
    ...inWords('no permissions to access the room'),
    cause:
      'The token has no video grant, or the request no token: after a failure some clients ask again without it, and report this 401 instead of the first answer.',
    remedy: 'If the token has a video grant, look for the first answer in the server’s log.',
  },
  'no-room-join': {
    ...inWords('permissions denied'),
    cause: 'The video grant does not say roomJoin: true, or is empty.',
    remedy: signJoin,
  },
  'no-bearer': {
    words: /invalid authorization header/,
    cause: 'The Authorization header does not start with "Bearer ".',
    remedy: 'Send "Authorization: Bearer <token>", or the token as access_token in the query.',
  },
  'no-identity': {
    ...inWords('identity cannot be empty', 400),
    cause: 'The token has no identity: its sub is missing.',
    remedy: 'Sign the reader’s id as sub.',
  },
  'no-room': {
    ...inWords('no room name', 400),
    cause: 'The video grant says roomJoin, but names no room.',
    remedy: 'Sign video.room: reading-club-<id>.',
  },
  'identity-too-long': tooLong('identity', 'participant identity', 'sub'),
  'room-too-long': tooLong('room’s name', 'room name', 'video.room'),
  'room-must-exist': {
    status: 404,
    words: /requested room does not exist/,
    cause: 'The server creates no rooms by itself.',
    remedy:
      'Create the room beforehand, or set room.auto_create: true. Never grant readers roomCreate: it also deletes rooms.',
  },
  'server-full': {
    status: 503,
    words: /./,
    cause: 'The server has reached its limits, or a load balancer finds no server.',
    remedy: 'Try again later; then look at the server’s load and limits.',
  },
  'no-reason': {
    status: 0,
    words: /Could not fetch region settings|websocket error|could not establish signal connection/i,
    cause: 'The client does not say what LiveKit answered: it may refuse the token, or not be reachable.',
    remedy:
      'Check the token itself, and ask LiveKit: curl -H "Authorization: Bearer <token>" https://<its host>/rtc/validate. "npm run smoke" does both.',
  },
} as const satisfies Record<string, Refusal>;

/** What an answer of LiveKit's means; `undefined` for one that is not known, success included. */
export function explainAnswer({ status, reason }: LiveKitAnswer) {
  return explain((_, refusal) => (refusal.status ?? 401) === status && refusal.words.test(reason));
}

/** What an error message of a LiveKit client means. It contains the server's words at most, and not always the status. */
export function explainMessage(message: string) {
  return explain((code, { words }) => code !== 'server-full' && words.test(message));
}

/** The first refusal that fits. Its code is stable, for programs. */
function explain(fits: (code: string, refusal: Refusal) => boolean) {
  const found = Object.entries<Refusal>(refusals).find((entry) => fits(...entry));
  return found && { code: found[0], cause: found[1].cause, remedy: found[1].remedy };
}
