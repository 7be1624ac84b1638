/** The requests of readers who exist nowhere, and what the endpoint should answer to each. They name clubs that exist nowhere either. */
import type { Config } from '../lib/config.ts';
import { type Role, roles } from '../lib/contract.ts';
import type { WantedRefusal, WantedToken } from './judge-answer.ts';

export interface ReaderRequest {
  /** Whose request it is, as in a sentence: `a member`. */
  who: string;
  /** The claims of the reader's JWT as the gateway passes them: each a string. */
  claims: Readonly<Record<string, string>> | undefined;
  body: string | undefined;
  wanted: WantedToken | WantedRefusal;
  /** Whether its token is shown to LiveKit, instead of judged. */
  isForLiveKit?: boolean;
}

export type ClaimsConfig = Pick<Config, 'claims' | 'tokenTtlSeconds'>;

/** Requests that must be refused, of signed-in readers too: `npm run smoke` sends them from outside. */
export const refusedRequests = {
  'bad body': { body: { reading_club_id: 'not a club' }, wanted: { status: 400, code: 'invalid_request' } },
  'another club': { wanted: { status: 403, code: 'not_a_member' } },
} as const satisfies Record<string, { body?: object; wanted: WantedRefusal }>;

const { 'bad body': badBody, 'another club': anotherClub } = refusedRequests;

const club = 'check-of-the-deployment';
/** A club's name that begins with another's. */
const longer = `${club}-2`;
const numbered = '9007199254740991';

/** The clubs that a reader's claims list, for each role; a text is a claim that is no array. */
type Lists = Partial<Record<Role, readonly string[] | string>>;
const members: Lists = { member: [club, longer, numbered] };
const ofClub = { reading_club_id: club };

/** By docs/membership.md, the role that counts first where several claims list the club. */
const precedence: Readonly<Record<Role, number>> = { moderator: 0, listener: 1, member: 2 };

const ofReaders: readonly [who: string, lists: Lists, body: object, forClub?: string][] = [
  ['a member', members, ofClub],
  ['a member of several clubs', members, { reading_club_id: longer }, longer],
  ['a member of a club with a number', members, { reading_club_id: Number(numbered) }, numbered],
  ['a member of a club with a number as text', members, { reading_club_id: numbered }, numbered],
  ['a member who names the room', members, { room_name: `reading-club-${club}` }],
  ['a member who chose a name', members, { ...ofClub, participant_name: 'Ana' }],
  ['a member of one club', { member: club }, ofClub],
  ...roles.flatMap((role): [string, Lists, object][] =>
    role === 'member'
      ? []
      : [
          [`a ${role}`, { ...members, [role]: [club] }, ofClub],
          [`a ${role} of another club`, { ...members, [role]: [longer] }, ofClub],
        ],
  ),
  ['a reader who is in no club', { member: [] }, ofClub],
  ['a reader of another club', { member: [longer] }, ofClub],
  ['a reader without the claim for clubs', {}, ofClub],
];

const ofMembers: readonly [who: string, body: object | undefined, wanted: WantedRefusal][] = [
  ['a reader whose request has no club', badBody.body, badBody.wanted],
  ['a reader whose request has no body', undefined, { status: 400, code: 'invalid_json' }],
  [
    'a reader who asks for another identity',
    { ...ofClub, participant_identity: 'somebody-else' },
    { status: 400, code: 'invalid_request' },
  ],
];

/** The first is a plain member's, the last shows its token to LiveKit. Those for claims that are not configured are left out. */
export function readerRequests(config: ClaimsConfig): ReaderRequest[] {
  const { identity, name, clubs } = config.claims;
  const isConfigured = (lists: Lists) =>
    roles.every((role) => role === 'member' || lists[role] === undefined || clubs[role] !== undefined);
  const granted = ofReaders
    .filter(([, lists]) => isConfigured(lists))
    .map(([who, lists, body, forClub = club]): ReaderRequest => {
      const claims = claimsOf(lists, config);
      const role = roleFor(forClub, lists, config);
      const wanted = {
        club: forClub,
        reader: claims[identity],
        role,
        name: 'participant_name' in body ? String(body.participant_name) : claims[name],
        lifetimeSeconds: config.tokenTtlSeconds,
      };
      return {
        who,
        claims,
        body: JSON.stringify(body),
        wanted: role === undefined ? anotherClub.wanted : wanted,
      };
    });
  const claims = claimsOf(members, config);
  const { [identity]: _, ...withoutIdentity } = claims;
  const nobody = {
    body: JSON.stringify(ofClub),
    wanted: { status: 401, code: 'unauthenticated' },
  } as const;
  return [
    ...granted,
    { who: 'a reader without an identity', claims: withoutIdentity, ...nobody },
    { who: 'a reader without a JWT', claims: undefined, ...nobody },
    ...ofMembers.map(([who, body, wanted]) => ({ who, claims, body: body && JSON.stringify(body), wanted })),
    ...granted.slice(0, 1).map((member) => ({ ...member, isForLiveKit: true })),
  ];
}

function claimsOf(lists: Lists, config: ClaimsConfig): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const role of roles) {
    const name = config.claims.clubs[role];
    const listed = lists[role];
    if (name === undefined || listed === undefined) continue;
    const prefixed = [listed].flat().map((id) => (config.claims.clubsPrefix ?? '') + id);
    claims[name] = typeof listed === 'string' ? prefixed.join('') : `[${prefixed.join(' ')}]`;
  }
  return {
    ...claims,
    [config.claims.name]: 'Check of the deployment',
    [config.claims.identity]: 'check-of-the-deployment',
  };
}

/** `undefined` for a reader who may not enter. */
function roleFor(forClub: string, lists: Lists, config: ClaimsConfig): Role | undefined {
  const names = config.claims.clubs;
  const isListed = (role: Role) => names[role] !== undefined && [lists[role] ?? []].flat().includes(forClub);
  const listed = roles.filter(isListed).toSorted((a, b) => precedence[a] - precedence[b]);
  return listed[0] ?? (names.member === undefined ? 'member' : undefined);
}
