/** What each claim of a reader's token must be: a table, in the order of the server's checks. */
import * as v from 'valibot';
import { clubIdSchema, hasRoomPrefix, withoutRoomPrefix } from '../lib/club.ts';
import { type Role, roles } from '../lib/contract.ts';
import type { DecodedToken } from './decode-token.ts';
import { type Answers, letInAlways, type Verdict } from './finding.ts';
import type { Claims } from './livekit-claims.ts';
import { type Refusal, refusals, unknownKey, wrongAlgorithm, wrongTimes } from './refusals.ts';
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
export interface Token extends Pick<DecodedToken, 'algorithm' | 'payload'> {
  claims: Claims;
  /** Whether the signature was made with the expected secret; `undefined` where that is not known. */
  isSigned: boolean | undefined;
  expected: Expected;
  now: number;
}

type When = (token: Token) => boolean;
/** Text, or an answer, that may depend on the token. */
export type Of<Value> = Value | ((token: Token) => Value);

interface Rule {
  /** Stable, in kebab-case. */
  code: string;
  verdict: Of<Verdict>;
  /** Whether it is what there is to say of the claim. */
  when: When;
  meaning: Of<string>;
  answers: Of<Answers>;
  remedy?: Of<string> | undefined;
}

export interface ClaimRules {
  claim: string;
  /** By default the claim's own. */
  value?: (token: Token) => string;
  /** The first that applies counts. */
  rules: readonly Rule[];
}

/** A rule that a token breaks; what is left out is said by LiveKit's refusal with its code. */
function bad(code: string, when: When, said: Partial<Rule> = {}): Rule {
  const refusal = new Map<string, Refusal>(Object.entries(refusals)).get(code);
  const { cause = '', remedy, answers = letInAlways } = refusal ?? {};
  return { code, verdict: 'bad', when, meaning: cause, remedy, answers, ...said };
}
const warning = (code: string, when: When, said: Partial<Rule>) =>
  bad(code, when, { verdict: 'warning', ...said });
const good = (code: string, meaning: string, when: When = () => true) =>
  bad(code, when, { verdict: 'good', meaning });

/** The clock difference that LiveKit tolerates, in seconds. */
const leeway = 60;
/** With a lifetime above this a stolen token can be used for a long time. The endpoint can be set to an hour at most. */
const [longLifetime, recklessLifetime] = [3_600, 86_400];

/** More than the server's limit for identities and for rooms' names. */
const isTooLong = (name: string) => new TextEncoder().encode(name).length > 256;
/** What is left where an id was missing when the token was signed. */
const isNoId = (id: string) => /^(undefined|null|NaN|None|nil|\[object \w+\])$/.test(id);

const identityOf = ({ claims }: Token) => claims.sub || claims.jti || '';
const roomOf = ({ claims }: Token) => claims.video?.room ?? '';
const isNoClub: When = (token) => {
  const id = withoutRoomPrefix(roomOf(token));
  return !hasRoomPrefix(roomOf(token)) || !v.is(clubIdSchema, id) || isNoId(id);
};

const isSecretAsKey: When = ({ claims, expected }) => claims.iss === expected.apiSecret;
/** The expected key is not named: where key and secret are swapped, it is the secret. */
const keyOf = (token: Token) =>
  token.claims.iss && isSecretAsKey(token) ? '<the API secret>' : token.claims.iss;
const badKey = (code: string, when: When, meaning: string) =>
  bad(code, when, {
    meaning,
    answers: (token) => unknownKey(keyOf(token) ?? ''),
    remedy: refusals['unknown-key'].remedy,
  });

/** The server rounds times down to whole seconds. */
const isExpired: When = ({ claims: { exp }, now }) => exp != null && now >= Math.trunc(exp) + leeway;
const isAhead = (claim: 'nbf' | 'iat'): When => {
  return ({ claims, now }) => now < Math.trunc(claims[claim] ?? now) - leeway;
};
const timeAnswers = (token: Token) =>
  wrongTimes(token.claims.exp == null, isExpired(token), isAhead('nbf')(token), isAhead('iat')(token));

/** How long a stolen token can be used, in seconds: from now, or from when it begins. */
const lifetime = ({ claims: { exp, nbf, iat }, now }: Token) =>
  (exp ?? 0) - Math.max(now, nbf ?? 0, iat ?? 0);
const isBackdated: When = ({ claims: { nbf, iat, exp }, now }) =>
  (nbf ?? 0) < Math.min(now, exp ?? now, iat ?? now) - recklessLifetime;

/** The remedy, and what else may be wrong. 1e11 seconds is the year 5138. Time zones are whole half hours apart. */
const hinting = (claim: 'exp' | 'nbf' | 'iat', remedy: string) => (token: Token) => {
  const { [claim]: time, nbf, iat } = token.claims;
  const away = Math.abs((nbf || iat || token.now) - token.now);
  const isZone = away > 900 && away < 50_500 && Math.abs(((away + 900) % 1_800) - 900) < 180;
  if ((time ?? 0) > 1e11) return `Sign seconds, not milliseconds. ${remedy}`;
  return isZone ? `${remedy} If it was just signed, a local time was signed as UTC.` : remedy;
};

const quoted = (claim: 'exp' | 'nbf' | 'iat') =>
  warning('quoted-time', ({ payload }) => typeof payload[claim] === 'string', {
    meaning: 'in quotes: servers up to 1.12 can’t read it',
    answers: { ...letInAlways, 'up to 1.12': refusals.unreadable.answers['up to 1.12'] },
    remedy: 'Sign it as a number, without quotes.',
  });

/** The key comes before all else that the server checks. */
export const key: ClaimRules = {
  claim: 'iss',
  value: (token) => show(keyOf(token) || undefined),
  rules: [
    badKey('no-key', ({ claims }) => !claims.iss, 'the LiveKit API key is not named'),
    badKey('secret-as-key', isSecretAsKey, 'key and secret are swapped'),
    badKey(
      'another-key',
      ({ claims: { iss }, expected: { apiKey = iss } }) => iss !== apiKey,
      'not the expected API key',
    ),
    badKey(
      'not-for-livekit',
      ({ claims }) => /^https?:/.test(claims.iss ?? ''),
      'the JWT of a sign-in: the token endpoint wants it, not LiveKit',
    ),
    good('key', 'the LiveKit API key that it is signed for'),
  ],
};

/** What the server checks before it looks at the grants. */
export const envelope: readonly ClaimRules[] = [
  {
    claim: 'alg',
    value: ({ algorithm }) => algorithm,
    rules: [
      bad('wrong-algorithm', ({ algorithm }) => algorithm !== 'HS256', {
        answers: ({ algorithm }) => wrongAlgorithm(algorithm),
      }),
      good('algorithm', 'the algorithm that LiveKit accepts'),
    ],
  },
  {
    claim: 'signature',
    value: ({ isSigned }) => (isSigned ? 'matches' : 'differs'),
    rules: [
      bad('wrong-secret', ({ isSigned }) => isSigned === false),
      good('signature', 'made with the API secret', ({ isSigned }) => isSigned === true),
    ],
  },
  {
    claim: 'exp',
    value: ({ claims, now }) => showTime(claims.exp, now),
    rules: [
      bad('expired', isExpired, {
        answers: timeAnswers,
        remedy: hinting('nbf', refusals.expired.remedy),
      }),
      bad('never-expires', ({ claims }) => claims.exp == null, { answers: timeAnswers }),
      warning('just-expired', ({ claims, now }) => (claims.exp ?? 0) <= now, {
        meaning: 'over; LiveKit still accepts it for one minute',
        remedy: 'Fetch a new token: within the minute this one is refused.',
      }),
      bad('long-lived', (token) => lifetime(token) > longLifetime, {
        verdict: (token) => (lifetime(token) > recklessLifetime ? 'bad' : 'warning'),
        meaning: (token) => `a stolen token can be used that long: ${showDuration(lifetime(token))}`,
        remedy: hinting('exp', refusals['never-expires'].remedy),
      }),
      quoted('exp'),
      good('expiry', 'joining is possible until then; who is connected stays'),
    ],
  },
  {
    claim: 'nbf',
    value: ({ claims, now }) => showTime(claims.nbf, now),
    rules: [
      bad('not-yet-valid', isAhead('nbf'), {
        answers: timeAnswers,
        remedy: hinting('nbf', refusals['not-yet-valid'].remedy),
      }),
      quoted('nbf'),
      warning('backdated', isBackdated, {
        meaning: 'once the reader was removed from the room, LiveKit Cloud refuses it as revoked',
        remedy: 'Sign the time of signing as nbf.',
      }),
      good('begin', 'when it begins to be accepted'),
    ],
  },
  {
    claim: 'iat',
    value: ({ claims, now }) => showTime(claims.iat, now),
    rules: [
      warning('issued-later', isAhead('iat'), {
        meaning: 'in the future: servers up to 1.12 refuse it',
        answers: timeAnswers,
        remedy: hinting('iat', 'Set the clock of the machine that signs the token.'),
      }),
      quoted('iat'),
    ],
  },
];

const identityAndRoom: readonly ClaimRules[] = [
  {
    claim: 'video',
    rules: [
      bad('no-video-grant', ({ claims }) => claims.video == null, { meaning: 'it grants nothing' }),
      bad('empty-video-grant', ({ claims }) => Object.keys(claims.video ?? {}).length === 0, {
        meaning: 'every grant is missing',
        answers: refusals['no-room-join'].answers,
        remedy: refusals['no-room-join'].remedy,
      }),
    ],
  },
  {
    claim: 'video.roomJoin',
    rules: [
      bad('no-room-join', ({ claims }) => !claims.video?.roomJoin, { meaning: 'no room is opened' }),
      good('join', 'enter the room'),
    ],
  },
  {
    claim: 'sub',
    value: (token) => show(identityOf(token) || undefined),
    rules: [
      bad('no-identity', (token) => identityOf(token) === '', { meaning: 'it has no identity' }),
      bad('identity-too-long', (token) => isTooLong(identityOf(token))),
      bad('another-reader', (token) => ![undefined, identityOf(token)].includes(token.expected.reader), {
        meaning: ({ expected }) => `not the reader, ${show(expected.reader)}`,
        remedy: 'Sign the reader’s id: with this token the reader appears as another person.',
      }),
      warning('identity-in-jti', ({ claims }) => !claims.sub, {
        meaning: 'missing; the identity is read from jti',
        remedy: 'Sign the identity as sub: jti is how old SDKs did it.',
      }),
      warning('no-reader-id', (token) => isNoId(identityOf(token)), {
        meaning: 'no reader’s id: it was missing, or no text, when the token was signed',
        remedy: 'Sign the reader’s id: of participants with the same one only the last stays.',
      }),
      good('identity', 'the reader’s id'),
    ],
  },
  {
    claim: 'video.room',
    value: (token) => show(roomOf(token) || undefined),
    rules: [
      bad('room-too-long', (token) => isTooLong(roomOf(token))),
      bad('no-room', (token) => roomOf(token) === '', { meaning: 'no room is named' }),
      bad('another-room', (token) => ![undefined, roomOf(token)].includes(token.expected.room), {
        meaning: ({ expected }) => `not the club’s room, ${show(expected.room)}`,
        remedy: 'Sign the club’s room. LiveKit knows no wrong room: it opens the one in the token.',
      }),
      warning('not-a-club', isNoClub, {
        meaning: 'not the room of a reading club',
        remedy: 'A club’s room is called reading-club-<id>: in this one the reader will be alone.',
      }),
      good('room', 'the club’s room'),
    ],
  },
];

/**
 * What each role is granted. It is not read from lib/grants.ts: the check of a deployment is built from the same commit as the
 * version that it judges, so a mistake there would be its own measure. A test compares the two.
 */
export const grantsOf: Readonly<Record<Role, readonly string[]>> = {
  member: ['roomJoin', 'canPublish', 'canSubscribe', 'canPublishData'],
  moderator: ['roomJoin', 'canPublish', 'canSubscribe', 'canPublishData', 'roomAdmin'],
  listener: ['roomJoin', 'canSubscribe', 'canPublishData'],
};
/** What each role shows the others as `attributes.role`. */
const shownAs = (role: Role) => (role === 'member' ? undefined : role);
const shown = ({ claims }: Token) => claims.attributes?.['role'];

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
function rolesOf(token: Token): readonly Role[] {
  const role = token.expected.role ?? roles.find((candidate) => candidate === shown(token));
  return role === undefined ? roles : [role];
}

/** Each role should have what it has in `grantsOf`, and nothing else. */
function permission([name, allows]: readonly [string, string]): ClaimRules {
  const said = ({ claims }: Token) => claims.video?.[name];
  /** LiveKit allows these where the token does not say. */
  const byDefault = ({ claims: { video } }: Token) =>
    /^can(Publish|Subscribe)$/.test(name) || (name === 'canPublishData' && video?.canPublish !== false);
  const isAllowed = (token: Token) => Boolean(said(token) ?? byDefault(token));
  const mayHave = (token: Token) => rolesOf(token).some((role) => grantsOf[role].includes(name));
  const mustHave = (token: Token) => rolesOf(token).every((role) => grantsOf[role].includes(name));
  const isMembers = grantsOf.member.includes(name);
  const isUnneeded = (token: Token) => isAllowed(token) && !mustHave(token) && !(isMembers && mayHave(token));
  return {
    claim: `video.${name}`,
    rules: [
      bad('unneeded-grant', isUnneeded, {
        verdict: (token) => (mayHave(token) ? 'warning' : 'bad'),
        meaning: `lets its bearer ${allows}`,
        remedy: isMembers
          ? `Sign ${name}: false. LiveKit allows it unless the token forbids it.`
          : `Leave ${name} out, unless the reader’s role has it.`,
      }),
      bad('forbidden', (token) => !isAllowed(token) && mustHave(token), {
        meaning: `not allowed: ${allows}`,
        remedy: `Sign ${name}: true.`,
      }),
      warning('not-said', (token) => isAllowed(token) && said(token) == null, {
        meaning: `${allows}: LiveKit allows what is missing`,
        remedy: `Sign ${name}: true.`,
      }),
      bad('withheld', (token) => said(token) === false && isMembers, {
        verdict: 'withheld',
        meaning: `not for this role: ${allows}`,
      }),
      good('allowed', allows, isAllowed),
    ],
  };
}

const sources = ['camera', 'microphone', 'screen_share', 'screen_share_audio'];
/** The sources that alone may be published. */
const sourcesIn = ({ claims: { video } }: Token) =>
  video?.canPublish === false ? [] : (video?.canPublishSources ?? []);

/** Claims other than `video` that no reader needs, each with what it allows. */
const powers: Readonly<Record<string, string>> = {
  sip: 'telephone, or administer telephony',
  agent: 'administer agents of the project',
  inference: 'use models at the project’s cost',
  observability: 'write into the project’s monitoring',
  agentEndpoint: 'call the project’s agents',
  agentThread: 'read and change what agents remember',
  roomConfig: 'set up the room, its recordings and agents',
  roomPreset: 'set up the room with a preset of the project',
  kind: 'appear as something other than a person',
  kindDetails: 'appear as something other than a person',
  sha256: 'nothing: it belongs to webhooks',
};
/** A value that is false, empty or null grants nothing. */
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' ? Object.values(value ?? {}).every(isEmpty) : !value || value === 'standard';

/** What the server checks of the grants, and what they allow a reader. */
export const content: readonly ClaimRules[] = [
  ...identityAndRoom,
  ...Object.entries(permissions).map(permission),
  {
    claim: 'video.canPublishSources',
    rules: [
      bad('unknown-source', (token) => !sourcesIn(token).every((source) => sources.includes(source)), {
        meaning: 'LiveKit does not know each of these, and grants nothing for the others',
        remedy: `It knows ${sources.join(', ')}.`,
      }),
      warning('some-sources', (token) => sourcesIn(token).length > 0, {
        meaning: 'only these may be published',
        remedy: 'Leave canPublishSources out, unless members should publish nothing else.',
      }),
    ],
  },
  {
    claim: 'attributes.role',
    rules: [
      bad('wrong-role-shown', (t) => !!t.expected.role && shown(t) !== shownAs(t.expected.role), {
        meaning: 'the role that the others see',
        remedy: ({ expected: { role = 'member' } }) =>
          `A ${role}’s token has the attributes ${JSON.stringify({ role: shownAs(role) })}.`,
      }),
      good('role-shown', 'the role that the others see', (t) => !!t.expected.role && !!shown(t)),
    ],
  },
  {
    claim: 'roomConfig.egress',
    rules: [
      bad('recording', ({ claims }) => Object.keys(claims.roomConfig?.egress ?? {}).length > 0, {
        meaning: 'records the room, unless LiveKit refuses what is in it: that is not checked',
        remedy: 'Leave it out: no reader needs it.',
      }),
    ],
  },
  ...Object.entries(powers).map(([claim, allows]) => ({
    claim,
    rules: [
      bad('unneeded-grant', ({ claims }) => !isEmpty(claims[claim]), {
        meaning: `lets its bearer ${allows}`,
        remedy: 'Leave it out: no reader needs it.',
      }),
    ],
  })),
];
