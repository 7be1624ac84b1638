import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { clubIdSchema } from '../../lib/club.ts';
import { clubsListedIn, roleIn } from '../../lib/club-access.ts';
import { claimVariableOf, parseConfig } from '../../lib/config.ts';
import { type Role, roles } from '../../lib/contract.ts';
import type { ClaimFacts, ClaimNames } from '../../lib/reader.ts';
import { flattenClaims } from '../../local/flatten-claims.cjs';

test.each(roles)('a claim of its own leads to the role %s', (role) => {
  const { claims } = parseConfig({
    LIVEKIT_SECRET_ID: 'booky/livekit',
    CLUBS_CLAIM: 'clubs',
    [claimVariableOf[role]]: 'claim',
  });
  expect(roleIn(club('12'), { clubs: '[12]', claim: '[12]' }, claims, {})).toBe(role);
});

const club = (id: string) => v.parse(clubIdSchema, id);
const listed = (claim: unknown, prefix?: string, isRestriction = false) => {
  const clubs = clubsListedIn(claim, { prefix, isRestriction });
  return clubs && [...clubs];
};
/** What the claim lists, and what it lists as a restriction. */
const both = (claim: unknown, prefix?: string) => [listed(claim, prefix), listed(claim, prefix, true)];

describe('a claim', () => {
  test.each<[string, string[], string?]>([
    ['[]', []],
    ['[12]', ['12']],
    ['[12 34 abc]', ['12', '34', 'abc']],
    ['[reading-club-12 34]', ['12', '34']],
    ['12', ['12']],
    ['reading-club-12', ['12']],
    ['0123', ['0123']],
    // As Go writes a whole number.
    ['[1e+06 1.5e+06 999999]', ['1000000', '1500000', '999999']],
    ['[1.234567e+06 9.007199254740991e+15]', ['1234567', '9007199254740991']],
    ['1.23456789e+10', ['12345678900']],
    ['[club:12 staff@ 1e+06]', ['12'], 'club:'],
    ['[/clubs/12 /staff/clubs/34]', ['12'], '/clubs/'],
    ['[reading-club-12 34]', ['12'], 'reading-club-'],
    ['[club:12]', [], 'Club:'],
    ['club:12', ['12'], 'club:'],
    ['admins', [], 'club:'],
    ['[]', [], 'club:'],
  ])('%j lists %j (prefix: %s)', (claim, clubs, prefix) => {
    expect(both(claim, prefix)).toEqual([clubs, clubs]);
  });

  test.each<[string, string[], string?]>([
    ['[12 b@d 34]', ['12', '34']],
    ['[12  34]', ['12', '34']],
    ['[club:12 34]', ['34']],
    ['[Reading-Club-12 reading-club-reading-club-12 -12 34]', ['34']],
    ['[12\t34]', []],
    ['[12;34]', []],
    ['[é 12]', ['12']],
    // No other form of a number.
    ['[1.50e+06]', []],
    ['[9.99999e+05 1.0e+06 1e+6 1E+06 1.2345675e+06 9.007199254740992e+15 1e+21 -1e+06 5e+00]', []],
    ['[reading-club-1e+06 1000000.0 1234567.]', []],
    ['[club:reading-club-12 club: club:club:12 club:1;2 club:34]', ['34'], 'club:'],
    ['[club:1e+06 1e+06]', [], 'club:'],
  ])('%j lists %j, and as a restriction can’t be read (prefix: %s)', (claim, clubs, prefix) => {
    expect(both(claim, prefix)).toEqual([clubs, undefined]);
  });

  test.each([
    '',
    ' ',
    '12,34',
    '12 34',
    '12, 34',
    '[12,34]',
    '[12, 34]',
    '[12 a,b 34]',
    '[12 staff{x}]',
    '[12 ,34]',
    '["12","34"]',
    '["12" "34"]',
    '["a 12 b"]',
    '[[12 34 56]]',
    '[map[a:12 34 b:56]]',
    '[{12 34}]',
    '{12}',
    '{"clubs":["12"]}',
    '[12',
    '12]',
    ' [12]',
    '[12] ',
    '[12]\n',
    '12\n',
    '*',
    'reading-club-*',
    '1.20e+07',
    12,
    ['12'],
    null,
    undefined,
    true,
  ])('%j can’t be read', (claim) => {
    expect(both(claim)).toEqual([undefined, undefined]);
  });

  test.each(['', 'club:1;2', 'admins,club:12', 'admins club:12', '[admins,club:12]'])(
    '%j can’t be read with a prefix',
    (claim) => {
      expect(both(claim, 'club:')).toEqual([undefined, undefined]);
    },
  );
});

describe('the role', () => {
  const lists = { member: 'clubs', moderator: 'moderated', listener: 'listening' };
  interface Options {
    id?: string;
    enforced?: ClaimNames['clubs'];
    clubsPrefix?: string;
    facts?: ClaimFacts;
  }
  /** The role in club 123, or the code of the refusal. */
  const find = (claims: Record<string, unknown>, options: Options = {}): unknown => {
    const { id = '123', enforced = lists, clubsPrefix, facts = {} } = options;
    try {
      return roleIn(club(id), claims, { clubs: enforced, clubsPrefix }, facts);
    } catch (refusal) {
      return Object(refusal).code;
    }
  };

  test.each<[Record<string, string>, Role | 'not_a_member', Options?]>([
    [{ clubs: '[123]' }, 'member'],
    [{ clubs: '[1 123 2]' }, 'member'],
    [{ clubs: '123' }, 'member'],
    [{ clubs: '[reading-club-123]' }, 'member'],
    [{ moderated: '[123]' }, 'moderator'],
    [{ clubs: '[123]', moderated: '[123]' }, 'moderator'],
    [{ clubs: '[123]', moderated: '[124]' }, 'member'],
    [{ listening: '[123]' }, 'listener'],
    [{ clubs: '[123]', listening: '[123]' }, 'listener'],
    [{ clubs: '[123]', listening: '[124]' }, 'member'],
    [{ clubs: '[123]', moderated: '[123]', listening: '[123]' }, 'moderator'],
    // The case is that of the id.
    [{ clubs: '[Abc]' }, 'member', { id: 'Abc' }],
    [{ clubs: '[abc]' }, 'not_a_member', { id: 'Abc' }],
    // What every object inherits is no claim.
    [{}, 'not_a_member', { enforced: { member: 'constructor', moderator: '__proto__' } }],
    [{ clubs: '[123 club:123]', listening: '[123]' }, 'member', { clubsPrefix: 'club:' }],
    [{ clubs: '[admins club:123]' }, 'not_a_member', { id: 'admins', clubsPrefix: 'club:' }],
    // Where membership is not enforced, each reader is at least a member; the other lists work all the same.
    [{}, 'member', { enforced: {} }],
    [{ clubs: '[1]' }, 'member', { enforced: {} }],
    [{ undefined: '[123]' }, 'member', { enforced: {} }],
    [{ moderated: '[123]' }, 'moderator', { enforced: { moderator: 'moderated' } }],
    [{ listening: '[123]' }, 'listener', { enforced: { listener: 'listening' } }],
    [{ listening: '[1]' }, 'member', { enforced: { listener: 'listening' } }],
    // A restriction that can't be read restricts, and gives nothing to those who are no members.
    [{ clubs: '[123]', listening: '123,124' }, 'listener'],
    [{ clubs: '[123]', listening: '' }, 'listener'],
    [{ clubs: '[123]', listening: '[]' }, 'member'],
    [{ clubs: '[123]', listening: '[@staff]' }, 'listener'],
    [{ clubs: '[123]', listening: '[1.234567e+06]' }, 'member'],
    [{ clubs: '[123]', moderated: '[123 @staff]', listening: '[@staff]' }, 'moderator'],
    [{ moderated: '[123]', listening: '123,124' }, 'moderator'],
    [{ clubs: '[123]', moderated: '123,124', listening: '123,124' }, 'listener'],
    [{ clubs: '[123]', moderated: '123,124' }, 'member'],
    [{ clubs: '[124]', listening: '123,124' }, 'not_a_member'],
    [{ listening: '123,124' }, 'not_a_member'],
    [{ listening: '123,124' }, 'listener', { enforced: { listener: 'listening' } }],
    [{ listening: '[124]' }, 'member', { enforced: { listener: 'listening' } }],
    [{ clubs: '[123]', listening: '123,124' }, 'member', { enforced: { member: 'clubs' } }],
  ])('with %j is %s, %j', (claims, expected, options) => {
    expect(find(claims, options)).toBe(expected);
  });

  test.each([
    {},
    { clubs: '[]' },
    { clubs: '[12]' },
    { clubs: '[1234]' },
    { clubs: '[0123]' },
    { clubs: '[12 3]' },
    { moderated: '[12]', listening: '[1234]' },
    { roles: '[123]' },
  ])('with %j is none', (claims) => {
    expect(find(claims)).toBe('not_a_member');
  });

  const all = ['moderated', 'listening', 'clubs'];
  test.each<[Record<string, string>, ClaimFacts]>([
    [{ clubs: '[123]' }, {}],
    [{ clubs: '["123"]', moderated: '{123}', listening: '[123' }, { unreadable_claims: all }],
    [{}, { absent_claims: all }],
    [
      { clubs: '[124]', listening: '[]' },
      { absent_claims: ['moderated'], claims_without_club: ['listening', 'clubs'] },
    ],
    [
      { clubs: '{}', listening: '[1]' },
      { absent_claims: ['moderated'], claims_without_club: ['listening'], unreadable_claims: ['clubs'] },
    ],
  ])('from %j tells the log %j', (claims, expected) => {
    const facts = {};
    find(claims, { facts });
    expect(facts).toEqual(expected);
  });
});

describe('whatever array an issuer signs', () => {
  const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,8}$/);
  const element = fc.oneof(
    id,
    id.map((text) => `reading-club-${text}`),
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(' ', '')),
    fc.constantFrom('[', ']', '12,', ',12', '"12"', '{', '12]', '[12', '', '\n12', '12\n'),
    fc.nat(),
  );

  test('it opens no club that is not literally in it', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (array) => {
        const { clubs } = flattenClaims({ clubs: array });
        const literally = new Set(
          array.flatMap((item) => [String(item), String(item).replace(/^reading-club-/, '')]),
        );
        for (const opened of listed(clubs) ?? []) expect(literally).toContain(opened);
      }),
      { numRuns: 2_000 },
    );
  });

  test('all ids that are in it open their clubs, where it holds nothing but ids', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 6 }), (array) => {
        const ids = array.filter((text) => v.is(clubIdSchema, text));
        const { clubs } = flattenClaims({ clubs: ids });
        expect(listed(clubs)).toEqual([...new Set(ids)]);
        expect(listed(clubs, undefined, true)).toEqual(listed(clubs));
      }),
    );
  });
});
