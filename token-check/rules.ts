/** What each claim of a reader's token must be: a table, in the order of the server's checks. */
import * as v from 'valibot';
import { clubIdSchema, hasRoomPrefix, withoutRoomPrefix } from '../lib/club.ts';
import { type Role, roles } from '../lib/contract.ts';
import { attributesOf, grants } from '../lib/grants.ts';
import { type Answers, letInAlways, type Verdict } from './finding.ts';
import type { Claims } from './livekit-claims.ts';
import { type RefusalCode, refusals, unknownKey, wrongAlgorithm, wrongTimes } from './refusals.ts';
import { show, showDuration, showTime } from './show.ts';

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

/** A token as the rules see it. */
export interface Token {
  claims: Claims;
  /** The claims as they were signed. */
  payload: Readonly<Record<string, unknown>>;
  algorithm: string;
  /** Whether the signature was made with the expected secret; `undefined` where that is not known. */
  isSigned: boolean | undefined;
  expected: Expected;
  now: number;
}

/** Text, or an answer, that may depend on the token. */
export type Of<Value> = Value | ((token: Token) => Value);

export interface Rule {
  /** Stable, in kebab-case. */
  code: string;
  /** Whether the token breaks it. */
  when: (token: Token) => boolean;
  /** `bad` by default. */
  verdict?: Of<Verdict>;
  /** Says what the rule does not; by default the refusal with the rule's code. */
  refusal?: RefusalCode;
  answers?: Of<Answers>;
  meaning?: Of<string>;
  remedy?: Of<string>;
}

export interface ClaimRules {
  claim: string;
  /** By default the claim's own. */
  value?: (token: Token) => string;
  /** The first that is broken counts. */
  rules: readonly Rule[];
  /** The code and the meaning where none is broken; without them nothing is said. */
  good?: readonly [code: string, meaning: string, when?: (token: Token) => boolean];
}

/** The clock difference that LiveKit tolerates, in seconds. */
const leeway = 60;
/** With a lifetime above this a stolen token can be used for a long time. The endpoint can be set to an hour at most. */
const [longLifetime, recklessLifetime] = [3_600, 86_400];

/** More than the server's limit for identities and for rooms' names. */
const isTooLong = (name: string) => new TextEncoder().encode(name).length > 256;
/** What is left where an id was missing when the token was signed. */
const isNoId = (id: string) => /^(undefined|null|NaN|None|nil)$/.test(id);

const identityOf = ({ claims }: Token) => claims.sub || claims.jti || '';
const roomIn = ({ claims }: Token) => claims.video?.room ?? '';
const isSecretAsKey = ({ claims, expected }: Token) => claims.iss === expected.apiSecret;
const isAnotherKey = ({ claims, expected: { apiKey } }: Token) =>
  apiKey !== undefined && claims.iss !== apiKey;
const isUrlAsKey = ({ claims }: Token) => /^https?:/.test(claims.iss ?? '');
const keyOf = (token: Token) =>
  token.claims.iss && isSecretAsKey(token) ? '<the API secret>' : token.claims.iss;

/** The server rounds times down to whole seconds. */
const isExpired = ({ claims: { exp }, now }: Token) => exp != null && now >= Math.trunc(exp) + leeway;
const isAhead = (seconds: number | null | undefined, now: number) =>
  now < Math.trunc(seconds ?? now) - leeway;
const isEarly = ({ claims: { nbf }, now }: Token) => isAhead(nbf, now);
const isIssuedLater = ({ claims: { iat }, now }: Token) => isAhead(iat, now);
const timeAnswers = (token: Token) =>
  wrongTimes(token.claims.exp == null, isExpired(token), isEarly(token), isIssuedLater(token));

/** How long a stolen token can be used, in seconds: from now, or from when it begins. */
const lifetime = ({ claims: { exp, nbf, iat }, now }: Token) =>
  (exp ?? 0) - Math.max(now, nbf ?? 0, iat ?? 0);

/** The remedy, and what else may be wrong. 1e11 seconds is the year 5138. Time zones are whole half hours apart. */
const hinting = (claim: 'exp' | 'nbf', remedy: string) => (token: Token) => {
  const { [claim]: time, nbf } = token.claims;
  const away = Math.abs((nbf ?? token.now) - token.now);
  const isZone = away > 900 && away < 50_500 && Math.abs(((away + 900) % 1_800) - 900) < 180;
  if ((time ?? 0) > 1e11) return `Sign seconds, not milliseconds. ${remedy}`;
  return isZone ? `${remedy} If it was just signed, a local time was signed as UTC.` : remedy;
};

const quotedTime = (claim: 'exp' | 'nbf' | 'iat'): Rule => ({
  code: 'quoted-time',
  verdict: 'warning',
  when: ({ payload }) => typeof payload[claim] === 'string',
  meaning: 'in quotes: servers up to 1.12 can’t read it',
  answers: { ...letInAlways, 'up to 1.12': refusals.unreadable.answers['up to 1.12'] },
  remedy: 'Sign it as a number, without quotes.',
});

/** The key comes before all else that the server checks. */
export const key: ClaimRules = {
  claim: 'iss',
  value: (token) => show(keyOf(token) || undefined),
  rules: Object.entries<[Rule['when'], string]>({
    'no-key': [({ claims }) => !claims.iss, 'the LiveKit API key is not named'],
    'secret-as-key': [isSecretAsKey, 'key and secret are swapped'],
    // The expected key is not named: where key and secret are swapped, it is the secret.
    'another-key': [isAnotherKey, 'not the expected API key'],
    'not-for-livekit': [isUrlAsKey, 'the JWT of a sign-in: the token endpoint wants it, not LiveKit'],
  }).map(([code, [when, meaning]]) => {
    const answers = (token: Token) => unknownKey(keyOf(token) ?? '');
    return { code, when, refusal: 'unknown-key', meaning, answers };
  }),
  good: ['key', 'the LiveKit API key that it is signed for'],
};

/** What the server checks before it looks at the grants. */
export const envelope: readonly ClaimRules[] = [
  {
    claim: 'alg',
    value: ({ algorithm }) => algorithm,
    rules: [
      {
        code: 'wrong-algorithm',
        when: ({ algorithm }) => algorithm !== 'HS256',
        answers: ({ algorithm }) => wrongAlgorithm(algorithm),
      },
    ],
    good: ['algorithm', 'the algorithm that LiveKit accepts'],
  },
  {
    claim: 'signature',
    value: ({ isSigned }) => (isSigned ? 'matches' : 'differs'),
    rules: [{ code: 'wrong-secret', when: ({ isSigned }) => isSigned === false }],
    good: ['signature', 'made with the API secret', ({ isSigned }) => isSigned === true],
  },
  {
    claim: 'exp',
    value: ({ claims, now }) => showTime(claims.exp, now),
    rules: [
      {
        code: 'expired',
        when: isExpired,
        answers: timeAnswers,
        remedy: hinting('nbf', refusals.expired.remedy),
      },
      { code: 'never-expires', when: ({ claims }) => claims.exp == null, answers: timeAnswers },
      {
        code: 'just-expired',
        verdict: 'warning',
        when: ({ claims, now }) => (claims.exp ?? 0) <= now,
        meaning: 'over; LiveKit still accepts it for one minute',
        remedy: 'Fetch a new token: within the minute this one is refused.',
      },
      {
        code: 'long-lived',
        verdict: (token) => (lifetime(token) > recklessLifetime ? 'bad' : 'warning'),
        when: (token) => lifetime(token) > longLifetime,
        meaning: (token) => `a stolen token can be used that long: ${showDuration(lifetime(token))}`,
        remedy: hinting('exp', refusals['never-expires'].remedy),
      },
      quotedTime('exp'),
    ],
    good: ['expiry', 'joining is possible until then; who is connected stays'],
  },
  {
    claim: 'nbf',
    value: ({ claims, now }) => showTime(claims.nbf, now),
    rules: [
      {
        code: 'not-yet-valid',
        when: isEarly,
        answers: timeAnswers,
        remedy: hinting('nbf', refusals['not-yet-valid'].remedy),
      },
      quotedTime('nbf'),
      {
        code: 'backdated',
        verdict: 'warning',
        when: ({ claims: { nbf, iat, exp }, now }) =>
          (nbf ?? 0) < Math.min(now, exp ?? now, iat ?? now) - recklessLifetime,
        meaning: 'once the reader was removed from the room, LiveKit Cloud refuses it as revoked',
        remedy: 'Sign the time of signing as nbf.',
      },
    ],
    good: ['begin', 'when it begins to be accepted'],
  },
  {
    claim: 'iat',
    value: ({ claims, now }) => showTime(claims.iat, now),
    rules: [
      {
        code: 'issued-later',
        verdict: 'warning',
        when: isIssuedLater,
        meaning: 'in the future: servers up to 1.12 refuse it',
        answers: timeAnswers,
        remedy: 'Set the clock of the machine that signs the token.',
      },
      quotedTime('iat'),
    ],
  },
];

const identityAndRoom: readonly ClaimRules[] = [
  {
    claim: 'video',
    rules: [
      { code: 'no-video-grant', when: ({ claims }) => claims.video == null, meaning: 'it grants nothing' },
      {
        code: 'empty-video-grant',
        refusal: 'no-room-join',
        when: ({ claims }) => Object.keys(claims.video ?? {}).length === 0,
        meaning: 'every grant is missing',
      },
    ],
  },
  {
    claim: 'video.roomJoin',
    rules: [
      { code: 'no-room-join', when: ({ claims }) => !claims.video?.roomJoin, meaning: 'no room is opened' },
    ],
    good: ['join', 'enter the room'],
  },
  {
    claim: 'sub',
    value: (token) => show(identityOf(token) || undefined),
    rules: [
      { code: 'no-identity', when: (token) => identityOf(token) === '', meaning: 'it has no identity' },
      { code: 'identity-too-long', when: (token) => isTooLong(identityOf(token)) },
      {
        code: 'another-reader',
        when: (token) => ![undefined, identityOf(token)].includes(token.expected.reader),
        meaning: ({ expected }) => `not the reader, ${show(expected.reader)}`,
        remedy: 'Sign the reader’s id: with this token the reader appears as another person.',
      },
      {
        code: 'identity-in-jti',
        verdict: 'warning',
        when: ({ claims }) => !claims.sub,
        meaning: 'missing; the identity is read from jti',
        remedy: 'Sign the identity as sub: jti is how old SDKs did it.',
      },
      {
        code: 'no-reader-id',
        verdict: 'warning',
        when: (token) => isNoId(identityOf(token)),
        meaning: 'no reader’s id: it was missing when the token was signed',
        remedy: 'Sign the reader’s id: of participants with the same one only the last stays.',
      },
    ],
    good: ['identity', 'the reader’s id'],
  },
  {
    claim: 'video.room',
    value: (token) => show(roomIn(token) || undefined),
    rules: [
      { code: 'no-room', when: (token) => roomIn(token) === '', meaning: 'no room is named' },
      { code: 'room-too-long', when: (token) => isTooLong(roomIn(token)) },
      {
        code: 'another-room',
        when: (token) => ![undefined, roomIn(token)].includes(token.expected.room),
        meaning: ({ expected }) => `not the club’s room, ${show(expected.room)}`,
        remedy: 'Sign the club’s room. LiveKit knows no wrong room: it opens the one in the token.',
      },
      {
        code: 'not-a-club',
        verdict: 'warning',
        when: (token) => {
          const id = withoutRoomPrefix(roomIn(token));
          return !hasRoomPrefix(roomIn(token)) || !v.is(clubIdSchema, id) || isNoId(id);
        },
        meaning: 'not the room of a reading club',
        remedy: 'A club’s room is called reading-club-<id>: in this one the reader will be alone.',
      },
    ],
    good: ['room', 'the club’s room'],
  },
];

/** What each grant of `video` allows beside joining. */
const permissions: Readonly<Record<string, string>> = {
  canPublish: 'use camera and microphone',
  canSubscribe: 'see and hear the others',
  canPublishData: 'write in the chat',
  roomAdmin: 'mute and remove others, close the room',
  roomCreate: 'create and delete any room of the project',
  roomList: 'list every room of the project',
  roomRecord: 'record rooms, at the project’s cost',
  ingressAdmin: 'bring streams from outside into any room',
  canUpdateOwnMetadata: 'change what the others see of the reader, the role too',
  hidden: 'be in the room without being seen',
  recorder: 'appear as a recorder',
  agent: 'register as an agent, which joins any room',
  canSubscribeMetrics: 'read the server’s measurements',
  canManageAgentSession: 'control agents in the room',
  destinationRoom: 'forward participants to another room',
};

/** The roles that the token may be for. */
function rolesOf({ claims, expected }: Token): readonly Role[] {
  const role = expected.role ?? roles.find((candidate) => candidate === claims.attributes?.['role']);
  return role === undefined ? roles : [role];
}

const has = (name: string) => (role: Role) =>
  Object.entries(grants[role]).some(([n, value]) => n === name && value);

/** Compared with `grants` of `lib`: each role should have what it has there, and nothing else. */
function rulesOf(name: string, allows: string): ClaimRules {
  const said = ({ claims }: Token) => claims.video?.[name];
  /** LiveKit allows these where the token does not say. */
  const byDefault = ({ claims: { video } }: Token) =>
    /^can(Publish|Subscribe)$/.test(name) || (name === 'canPublishData' && video?.canPublish !== false);
  const isAllowed = (token: Token) => Boolean(said(token) ?? byDefault(token));
  const mayHave = (token: Token) => rolesOf(token).some(has(name));
  const mustHave = (token: Token) => rolesOf(token).every(has(name));
  const isMembers = has(name)('member');
  const say = `Sign ${name}: true.`;
  return {
    claim: `video.${name}`,
    rules: [
      {
        code: 'unneeded-grant',
        verdict: (token) => (mayHave(token) ? 'warning' : 'bad'),
        when: (token) => isAllowed(token) && !mustHave(token) && !(isMembers && mayHave(token)),
        meaning: `lets its bearer ${allows}`,
        remedy: isMembers
          ? `Sign ${name}: false. LiveKit allows it unless the token forbids it.`
          : `Leave ${name} out, unless the reader’s role has it.`,
      },
      {
        code: 'forbidden',
        when: (token) => !isAllowed(token) && mustHave(token),
        meaning: `not allowed: ${allows}`,
        remedy: say,
      },
      {
        code: 'not-said',
        verdict: 'warning',
        when: (token) => isAllowed(token) && said(token) == null,
        meaning: `${allows}: LiveKit allows what is missing`,
        remedy: say,
      },
      {
        code: 'withheld',
        verdict: 'withheld',
        when: (token) => said(token) === false && isMembers,
        meaning: `not for this role: ${allows}`,
      },
    ],
    good: ['allowed', allows, isAllowed],
  };
}

const sources = ['camera', 'microphone', 'screen_share', 'screen_share_audio'];
/** The sources that alone may be published. */
const sourcesIn = ({ claims: { video } }: Token) =>
  video?.canPublish === false ? [] : (video?.canPublishSources ?? []);

const roleShown = 'the role that the others see';

/** What the server checks of the grants, and what they allow a reader. */
export const content: readonly ClaimRules[] = [
  ...identityAndRoom,
  ...Object.entries(permissions).map(([name, allows]) => rulesOf(name, allows)),
  {
    claim: 'video.canPublishSources',
    rules: [
      {
        code: 'unknown-source',
        when: (token) => !sourcesIn(token).every((source) => sources.includes(source)),
        meaning: 'LiveKit does not know each of these, and grants nothing for the others',
        remedy: `It knows ${sources.join(', ')}.`,
      },
      {
        code: 'some-sources',
        verdict: 'warning',
        when: (token) => sourcesIn(token).length > 0,
        meaning: 'only these may be published',
        remedy: 'Leave canPublishSources out, unless members should publish nothing else.',
      },
    ],
  },
  {
    claim: 'attributes.role',
    rules: [
      {
        code: 'wrong-role-shown',
        when: ({ claims, expected: { role } }) =>
          role !== undefined && claims.attributes?.['role'] !== attributesOf(role)?.['role'],
        meaning: roleShown,
        remedy: ({ expected: { role = 'member' } }) =>
          `A ${role}’s token has the attributes ${JSON.stringify(attributesOf(role) ?? {})}.`,
      },
    ],
    good: [
      'role-shown',
      roleShown,
      ({ claims, expected }) => !!expected.role && !!claims.attributes?.['role'],
    ],
  },
];
