/** The requests of readers who exist nowhere, and what the endpoint should answer to each. They name clubs that exist nowhere either. */
import type { Config } from '../lib/config.ts';
import { type Role, roles } from '../lib/contract.ts';
import { type WantedRefusal, type WantedToken, wrongRequests } from './judge-answer.ts';

export interface ReaderRequest {
  /** Whose request it is, as in a sentence: `a member`. */
  who: string;
  /** The claims of the reader's JWT as the gateway passes them: each a string. */
  claims: Readonly<Record<string, string>> | undefined;
  body: string | undefined;
  wanted: WantedToken | WantedRefusal;
}

export type ClaimsConfig = Pick<Config, 'claims' | 'tokenTtlSeconds'>;

const club = 'check-of-the-deployment';
/** A club's name that begins with another's. */
const longer = `${club}-2`;
const numbered = '9007199254740991';
const everyClub = [club, longer, numbered];

/** The clubs that a reader's claims list, for each role; a text is a claim that is no array. */
type Lists = Partial<Record<Role, readonly string[] | string>>;

/** The first is a plain member's. Those for claims that are not configured are left out. */
export function readerRequests(config: ClaimsConfig): ReaderRequest[] {
  const names = config.claims;
  const request = (who: string, lists: Lists, body: object, forClub = club): ReaderRequest => {
    const claims = claimsOf(lists, config);
    const role = roleFor(forClub, lists, config);
    const wanted = {
      club: forClub,
      reader: claims[names.identity],
      role,
      name: 'participant_name' in body ? String(body.participant_name) : claims[names.name],
      lifetimeSeconds: config.tokenTtlSeconds,
    };
    return {
      who,
      claims,
      body: JSON.stringify(body),
      wanted: role === undefined ? wrongRequests['another club'] : wanted,
    };
  };
  const members = { member: everyClub };
  const ofClub = { reading_club_id: club };
  const wrong = (who: string, body: string | undefined, wanted: WantedRefusal): ReaderRequest => ({
    who,
    claims: claimsOf(members, config),
    body,
    wanted,
  });
  const { [names.identity]: _, ...withoutIdentity } = claimsOf(members, config);
  const unauthenticated = {
    body: JSON.stringify(ofClub),
    wanted: { status: 401, code: 'unauthenticated' },
  } as const;

  return [
    request('a member', members, ofClub),
    request('a member of several clubs', members, { reading_club_id: longer }, longer),
    request('a member of a club with a number', members, { reading_club_id: Number(numbered) }, numbered),
    request('a member of a club with a number as text', members, { reading_club_id: numbered }, numbered),
    request('a member who names the room', members, { room_name: `reading-club-${club}` }),
    request('a member who chose a name', members, { ...ofClub, participant_name: 'Ana' }),
    request('a member of one club', { member: club }, ofClub),
    ...(names.clubs.listener === undefined
      ? []
      : [
          request('a listener', { ...members, listener: [club] }, ofClub),
          request('a listener of another club', { ...members, listener: [longer] }, ofClub),
        ]),
    ...(names.clubs.moderator === undefined
      ? []
      : [
          request('a moderator', { ...members, moderator: [club] }, ofClub),
          request('a moderator of another club', { ...members, moderator: [longer] }, ofClub),
        ]),
    request('a reader who is in no club', { member: [] }, ofClub),
    request('a reader of another club', { member: [longer] }, ofClub),
    request('a reader without the claim for clubs', {}, ofClub),
    { who: 'a reader without an identity', claims: withoutIdentity, ...unauthenticated },
    { who: 'a reader without a JWT', claims: undefined, ...unauthenticated },
    wrong(
      'a reader whose request has no club',
      JSON.stringify(wrongRequests['bad body'].body),
      wrongRequests['bad body'],
    ),
    wrong('a reader whose request has no body', undefined, { status: 400, code: 'invalid_json' }),
    wrong(
      'a reader who asks for another identity',
      JSON.stringify({ ...ofClub, participant_identity: 'somebody-else' }),
      { status: 400, code: 'invalid_request' },
    ),
  ];
}

function claimsOf(lists: Lists, config: ClaimsConfig): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const name of Object.values(config.claims.clubs)) {
    const values = name === undefined ? [] : listsIn(name, lists, config);
    const [only] = values;
    if (name === undefined || only === undefined) continue;
    const prefixed = values.flat().map((listed) => (config.claims.clubsPrefix ?? '') + listed);
    const isOneText = values.length === 1 && typeof only === 'string';
    claims[name] = isOneText ? prefixed.join('') : `[${prefixed.join(' ')}]`;
  }
  return {
    ...claims,
    [config.claims.name]: 'Check of the deployment',
    [config.claims.identity]: 'check-of-the-deployment',
  };
}

/** By docs/membership.md; `undefined` for a reader who may not enter. */
function roleFor(forClub: string, lists: Lists, config: ClaimsConfig): Role | undefined {
  const names = config.claims.clubs;
  const isListed = (name: string | undefined) =>
    name !== undefined && listsIn(name, lists, config).flat().includes(forClub);
  if (isListed(names.moderator)) return 'moderator';
  if (isListed(names.listener)) return 'listener';
  return names.member === undefined || isListed(names.member) ? 'member' : undefined;
}

/** What a claim lists: several roles may share one. */
function listsIn(name: string, lists: Lists, config: ClaimsConfig): (readonly string[] | string)[] {
  const names = config.claims.clubs;
  return roles.flatMap((role) => (names[role] === name && lists[role] !== undefined ? [lists[role]] : []));
}
