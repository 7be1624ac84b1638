/** Reads a meeting token as LiveKit does, and says for each claim whether it is right for a reader's token. */
import * as v from 'valibot';
import { hasRoomPrefix } from '../lib/club.ts';
import { type Role, roles } from '../lib/contract.ts';
import { type DecodedToken, decodeToken, UnreadableToken } from './decode-token.ts';
import { explainAnswer } from './explain-answer.ts';
import { type Finding, type LiveKitAnswer, letIn, type Verdict } from './finding.ts';
import { LiveKitClaims, type VideoGrant } from './livekit-claims.ts';
import { missing, show, showDuration, showTime } from './show.ts';
import { isSignedWith } from './signature.ts';
import { unneededGrants } from './unneeded-grants.ts';

/** What the token should contain. What is left out is not compared. */
export interface Expected {
  room?: string | undefined;
  /** The reader's id, which is the identity in LiveKit. */
  reader?: string | undefined;
  /** By default what the token itself says in `attributes.role`. */
  role?: Role | undefined;
  apiKey?: string | undefined;
  apiSecret?: string | undefined;
  /** Seconds since 1970; by default this machine's clock. */
  now?: number | undefined;
}

/** The clock difference that LiveKit tolerates, in seconds. */
const leeway = 60;

/** The longest lifetime, in seconds, that the endpoint can be set to. */
const longLifetime = 3_600;
/** With a lifetime above this, in seconds, a stolen token can be used for a long time. */
const recklessLifetime = 86_400;

/** The server's limit for identities and for rooms' names, in bytes of UTF-8. */
const longestName = 256;

/** Findings in the order of LiveKit's checks: its answer is the first refusal. */
export async function judgeToken(token: string, expected: Expected = {}): Promise<Finding[]> {
  const now = expected.now ?? Date.now() / 1000;
  let decoded: DecodedToken;
  try {
    decoded = decodeToken(token);
  } catch (error) {
    if (!(error instanceof UnreadableToken)) throw error;
    return [refused('unreadable', 'token', `${token.length} characters`, error.message, 401, unreadable)];
  }
  const { claims } = decoded;
  const livekit = v.safeParse(LiveKitClaims, claims);
  return [
    judgeKey(claims.iss ?? '', expected),
    ...(livekit.success ? [] : livekit.issues.map(judgeType)),
    judgeAlgorithm(decoded.algorithm),
    ...(await judgeSignature(decoded, expected)),
    ...judgeTimes(claims, now),
    ...(livekit.success ? judgeGrants({ ...claims, ...livekit.output }, expected) : []),
  ];
}

const unreadable = 'invalid authorization token';
const invalid = 'invalid token: <token>, error: ';

function judgeKey(key: string, { apiKey, apiSecret }: Expected): Finding {
  const refuse = (code: string, value: string, meaning: string) =>
    refused(code, 'iss', value, meaning, 401, `invalid API key: ${value === missing ? '' : value}`);
  if (key === '') return refuse('no-key', missing, 'the LiveKit API key is not named');
  if (key === apiSecret) return refuse('secret-as-key', '<the API secret>', 'key and secret are swapped');
  if (apiKey !== undefined && key !== apiKey) {
    // Without the expected one: where key and secret are swapped, that is the secret.
    return refuse('another-key', show(key), 'not the expected API key');
  }
  if (/^https?:/.test(key)) {
    return refuse(
      'not-for-livekit',
      show(key),
      'the JWT of a sign-in: the token endpoint wants it, not LiveKit',
    );
  }
  return good('key', 'iss', show(key), 'the LiveKit API key that it is signed for');
}

function judgeType(issue: v.BaseIssue<unknown>): Finding {
  const claim = v.getDotPath(issue) ?? 'token';
  const reason = `${invalid}token is malformed: could not JSON decode claim: …`;
  const meaning = 'of the wrong type, for which the server reads none of the claims';
  return refused('wrong-type', claim, show(issue.input), meaning, 401, reason);
}

function judgeAlgorithm(algorithm: string): Finding {
  if (algorithm === 'HS256') return good('algorithm', 'alg', algorithm, 'the algorithm that LiveKit accepts');
  const reason = `${invalid}token signature is invalid: signing method ${algorithm} is invalid`;
  return refused('wrong-algorithm', 'alg', algorithm, 'LiveKit accepts HS256 alone', 401, reason);
}

async function judgeSignature(decoded: DecodedToken, { apiSecret }: Expected): Promise<Finding[]> {
  if (apiSecret === undefined || decoded.algorithm !== 'HS256') return [];
  if (await isSignedWith(apiSecret, decoded)) {
    return [good('signature', 'signature', 'matches', 'made with the API secret')];
  }
  const reason = `${invalid}token signature is invalid: signature is invalid`;
  return [
    refused(
      'wrong-secret',
      'signature',
      'differs',
      'made with another secret, or changed since',
      401,
      reason,
    ),
  ];
}

function judgeTimes({ exp, nbf, iat }: DecodedToken['claims'], now: number): Finding[] {
  // The server rounds both down to whole seconds.
  const isExpired = typeof exp === 'number' && now >= Math.trunc(exp) + leeway;
  const isEarly = typeof nbf === 'number' && now < Math.trunc(nbf) - leeway;
  const faults = [...(isExpired ? ['token is expired'] : []), ...(isEarly ? ['token is not valid yet'] : [])];
  const reason = `${invalid}token has invalid claims: ${faults.join(', ')}`;
  const from = nbf ?? iat ?? now;
  return [
    isExpired
      ? refused('expired', 'exp', showTime(exp, now), 'it has run out', 401, reason)
      : judgeExpiry(exp, exp == null ? undefined : exp - from, now),
    isEarly
      ? refused('not-yet-valid', 'nbf', showTime(nbf, now), hintAtUnit(nbf, 'it has not begun'), 401, reason)
      : good('begin', 'nbf', showTime(nbf, now), 'when it begins to be accepted'),
  ];
}

function judgeExpiry(exp: number | null | undefined, lifetime: number | undefined, now: number): Finding {
  const value = showTime(exp, now);
  if (typeof exp !== 'number' || lifetime === undefined) {
    return accepted('bad', 'never-expires', 'exp', value, 'a stolen token can be used without end', shorter);
  }
  if (exp <= now) {
    const remedy = 'Fetch a new token: within the minute this one is refused.';
    return accepted(
      'warning',
      'just-expired',
      'exp',
      value,
      'over; LiveKit still accepts it for one minute',
      remedy,
    );
  }
  if (lifetime > longLifetime) {
    const verdict = lifetime > recklessLifetime ? 'bad' : 'warning';
    const meaning = `a stolen token can be used that long: ${showDuration(lifetime)} in all`;
    return accepted(verdict, 'long-lived', 'exp', value, hintAtUnit(exp, meaning), shorter);
  }
  return good('expiry', 'exp', value, 'joining is possible until then; who is connected stays');
}

const shorter = 'Sign for about ten minutes: LiveKit renews the tokens of connected clients.';

function judgeGrants(
  claims: DecodedToken['claims'] & v.InferOutput<typeof LiveKitClaims>,
  expected: Expected,
): Finding[] {
  const { attributes } = claims;
  const video = claims.video ?? {};
  const role = expected.role ?? roleIn(attributes);
  return [
    ...judgeVideo(claims.video),
    judgeJoin(video),
    judgeIdentity(claims, expected),
    judgeRoom(video.room ?? '', expected),
    judgePublish(video, role),
    judgeAllowance('canSubscribe', video.canSubscribe, true, 'see and hear the others'),
    judgeAllowance('canPublishData', video.canPublishData, video.canPublish !== false, 'write in the chat'),
    ...judgeSources(video, role),
    ...judgeAdmin(video, role),
    ...judgeRoleShown(attributes?.['role'], expected.role),
    ...unneededGrants(claims),
  ];
}

function judgeVideo(video: VideoGrant | null | undefined): Finding[] {
  if (video == null) {
    const reason = 'no permissions to access the room';
    return [refused('no-video-grant', 'video', missing, 'it grants nothing at all', 401, reason)];
  }
  if (Object.keys(video).length > 0) return [];
  return [refused('empty-video-grant', 'video', '{}', 'every grant is missing', 401, 'permissions denied')];
}

function judgeJoin({ roomJoin }: VideoGrant): Finding {
  if (roomJoin) return good('join', 'video.roomJoin', 'true', 'enter the room');
  const meaning = 'it allows no one to enter a room';
  return refused('no-room-join', 'video.roomJoin', show(roomJoin), meaning, 401, 'permissions denied');
}

function judgeIdentity({ sub, jti }: DecodedToken['claims'], { reader }: Expected): Finding {
  const identity = sub || jti;
  if (!identity) {
    return refused('no-identity', 'sub', missing, 'it has no identity', 400, 'identity cannot be empty');
  }
  const value = show(identity);
  if (byteLength(identity) > longestName) {
    const reason = `participant identity length exceeds limits: max length ${longestName}`;
    return refused('identity-too-long', 'sub', value, `more than ${longestName} bytes`, 400, reason);
  }
  if (reader !== undefined && identity !== reader) {
    const remedy = `Sign the reader’s id, ${show(reader)}: with this token the reader appears as another person.`;
    return accepted('bad', 'another-reader', 'sub', value, `not the reader, ${show(reader)}`, remedy);
  }
  if (!sub) {
    const remedy = 'Sign the identity as sub: jti is how old SDKs did it.';
    return accepted('warning', 'identity-in-jti', 'jti', value, 'the identity, instead of sub', remedy);
  }
  return good('identity', 'sub', value, 'the reader’s id');
}

function judgeRoom(room: string, expected: Expected): Finding {
  const claim = 'video.room';
  const value = show(room || undefined);
  if (room === '') return refused('no-room', claim, value, 'no room is named', 400, 'no room name');
  if (byteLength(room) > longestName) {
    const reason = `room name length exceeds limits: max length ${longestName}`;
    return refused('room-too-long', claim, value, `more than ${longestName} bytes`, 400, reason);
  }
  if (expected.room !== undefined && room !== expected.room) {
    const remedy = `Sign room: ${show(expected.room)}. LiveKit knows no wrong room: it opens the one in the token.`;
    return accepted(
      'bad',
      'another-room',
      claim,
      value,
      `not the club’s room, ${show(expected.room)}`,
      remedy,
    );
  }
  if (!hasRoomPrefix(room)) {
    const remedy = 'A club’s room is called reading-club-<id>: in this one the reader will be alone.';
    return accepted('warning', 'not-a-club', claim, value, 'not the room of a reading club', remedy);
  }
  return good('room', claim, value, 'the club’s room');
}

function judgePublish({ canPublish }: VideoGrant, role: Role | undefined): Finding {
  const claim = 'video.canPublish';
  if (role !== 'listener' && role !== undefined) {
    return judgeAllowance('canPublish', canPublish, true, 'use camera and microphone');
  }
  if (canPublish === false) {
    return {
      ...good('listens-only', claim, 'false', 'camera and microphone: not for listeners'),
      verdict: 'withheld',
    };
  }
  if (role === undefined) return judgeAllowance('canPublish', canPublish, true, 'use camera and microphone');
  const remedy = 'Sign canPublish: false. LiveKit allows publishing unless the token forbids it.';
  return accepted('bad', 'listener-publishes', claim, show(canPublish), 'a listener may not publish', remedy);
}

/** LiveKit treats an absent permission as granted, so a token without it works; it should be explicit all the same. */
function judgeAllowance(
  name: 'canPublish' | 'canSubscribe' | 'canPublishData',
  value: boolean | null | undefined,
  ifAbsent: boolean,
  meaning: string,
): Finding {
  const [claim, remedy] = [`video.${name}`, `Sign ${name}: true.`];
  if (value) return good('allowed', claim, 'true', meaning);
  if (value === false || !ifAbsent) {
    return accepted('bad', 'forbidden', claim, show(value), `not allowed: ${meaning}`, remedy);
  }
  return accepted(
    'warning',
    'not-said',
    claim,
    show(value),
    `${meaning}: LiveKit allows what is missing`,
    remedy,
  );
}

function judgeSources({ canPublish, canPublishSources }: VideoGrant, role: Role | undefined): Finding[] {
  if (!canPublishSources || canPublishSources.length === 0) return [];
  if (canPublish === false || role === 'listener') return [];
  const value = show(canPublishSources);
  const remedy = 'Leave canPublishSources out, unless members should publish nothing else.';
  return [
    accepted(
      'warning',
      'some-sources',
      'video.canPublishSources',
      value,
      'only these may be published',
      remedy,
    ),
  ];
}

function judgeAdmin({ roomAdmin }: VideoGrant, role: Role | undefined): Finding[] {
  const [claim, value] = ['video.roomAdmin', show(roomAdmin)];
  const meaning = 'mute and remove others, close the room: for moderators alone';
  if (role === 'moderator') {
    if (roomAdmin) return [good('moderates', claim, value, meaning)];
    return [
      accepted('bad', 'cannot-moderate', claim, value, meaning, 'Sign roomAdmin: true for a moderator.'),
    ];
  }
  if (!roomAdmin) return [];
  const remedy = 'Leave roomAdmin out, unless this reader moderates the club.';
  return [accepted(role === undefined ? 'warning' : 'bad', 'moderates', claim, value, meaning, remedy)];
}

/** A member's token has no role attribute. Without an expected role, each role is right. */
function judgeRoleShown(shown: string | undefined, role: Role | undefined): Finding[] {
  if (role === undefined || (role === 'member' && shown === undefined)) return [];
  const [claim, meaning] = ['attributes.role', 'the role that the others see'];
  if (role !== 'member' && shown === role) return [good('role-shown', claim, shown, meaning)];
  const remedy = role === 'member' ? 'Leave it out for a member.' : `Sign attributes: {"role": "${role}"}.`;
  return [accepted('bad', 'wrong-role-shown', claim, show(shown), meaning, remedy)];
}

function roleIn(attributes: Record<string, string> | null | undefined): Role | undefined {
  return roles.find((role) => role === attributes?.['role']);
}

function good(code: string, claim: string, value: string, meaning: string): Finding {
  return { code, claim, value, verdict: 'good', meaning, answer: letIn };
}

/** LiveKit lets the token in, whatever the verdict. */
function accepted(
  verdict: Exclude<Verdict, 'good'>,
  code: string,
  claim: string,
  value: string,
  meaning: string,
  remedy: string,
): Finding {
  return { code, claim, value, verdict, meaning, answer: letIn, remedy };
}

function refused(
  code: string,
  claim: string,
  value: string,
  meaning: string,
  status: number,
  reason: string,
): Finding {
  const answer: LiveKitAnswer = { status, reason };
  const remedy = explainAnswer(answer)?.remedy;
  return { code, claim, value, verdict: 'bad', meaning, answer, ...(remedy !== undefined && { remedy }) };
}

/** 1e11 seconds is the year 5138, so a larger number must be in milliseconds. */
function hintAtUnit(seconds: number | null | undefined, meaning: string): string {
  return (seconds ?? 0) > 1e11 ? `${meaning} (are these milliseconds? It should be seconds)` : meaning;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
