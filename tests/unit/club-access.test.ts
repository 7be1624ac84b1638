import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { clubIdSchema } from '../../lib/club.ts';
import { clubsListedIn, roleIn } from '../../lib/club-access.ts';
import { claimVariableOf, parseConfig } from '../../lib/config.ts';
import { roles } from '../../lib/contract.ts';
import type { ClaimNames } from '../../lib/reader.ts';
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

describe('a claim', () => {
  test.each([
    ['[]', []],
    ['[12]', ['12']],
    ['[12 34 abc]', ['12', '34', 'abc']],
    ['[reading-club-12 34]', ['12', '34']],
    ['12', ['12']],
    ['reading-club-12', ['12']],
    ['0123', ['0123']],
    // An element that is not an id is ignored; the other elements still count.
    ['[12 b@d 34]', ['12', '34']],
    ['[12  34]', ['12', '34']],
    ['[Reading-Club-12 reading-club-reading-club-12 -12 34]', ['34']],
    ['[12\t34]', []],
    ['[é 12]', ['12']],
    // As Go writes a whole number.
    ['[1e+06 999999]', ['1000000', '999999']],
    ['[1.234567e+06 9.007199254740991e+15]', ['1234567', '9007199254740991']],
    ['1.23456789e+10', ['12345678900']],
    // No other form of a number.
    ['[9.99999e+05 1.0e+06 1e+6 1E+06 1.2345675e+06 9.007199254740992e+15 1e+21 -1e+06 5e+00]', []],
    ['[reading-club-1e+06 1000000.0 1234567.]', []],
  ])('%j lists %j', (claim, clubs) => {
    expect(listed(claim)).toEqual(clubs);
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
    expect(listed(claim)).toBeUndefined();
  });

  test.each([
    ['[club:12 34 admins]', 'club:', ['12']],
    ['[/clubs/12 /staff/clubs/34]', '/clubs/', ['12']],
    ['[reading-club-12 34]', 'reading-club-', ['12']],
    ['[club:12]', 'Club:', []],
    ['[club:reading-club-12 club: club:club:12 club:1;2 club:34]', 'club:', ['34']],
    ['[club:1e+06 1e+06]', 'club:', []],
    ['club:12', 'club:', ['12']],
    ['admins', 'club:', []],
    ['[]', 'club:', []],
    ['', 'club:', undefined],
    ['club:1;2', 'club:', undefined],
    ['admins,club:12', 'club:', undefined],
    ['admins club:12', 'club:', undefined],
    ['[admins,club:12]', 'club:', undefined],
  ])('%j lists with the prefix %j %j', (claim, prefix, clubs) => {
    expect(listed(claim, prefix)).toEqual(clubs);
  });

  test.each([
    ['[]', undefined, []],
    ['[12 1e+06]', undefined, ['12', '1000000']],
    ['[12 staff@]', undefined, undefined],
    ['[12  34]', undefined, undefined],
    ['[club:12]', undefined, undefined],
    ['[12;34]', undefined, undefined],
    ['[1.5e+06]', undefined, ['1500000']],
    ['[1.50e+06]', undefined, undefined],
    ['[club:12 staff@ 1e+06]', 'club:', ['12']],
    ['[club:12 club:3;4]', 'club:', undefined],
  ])('%j restricts with the prefix %j in %j', (claim, prefix, clubs) => {
    expect(listed(claim, prefix, true)).toEqual(clubs);
  });
});

describe('the role', () => {
  const lists = { member: 'clubs', moderator: 'moderated', listener: 'listening' };
  type Lists = ClaimNames['clubs'];
  const find = (id: string, claims: Record<string, unknown>, clubs: Lists, facts = {}) =>
    roleIn(club(id), claims, { clubs, clubsPrefix: undefined }, facts);
  const role = (claims: Record<string, unknown>, enforced: Lists = lists) => {
    const facts = {};
    const found = find('123', claims, enforced, facts);
    expect(facts).toEqual({});
    return found;
  };
  const notAMember = expect.objectContaining({ code: 'not_a_member' });

  test.each([
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
  ])('with %j is %s', (claims, expected) => {
    expect(role(claims)).toBe(expected);
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
    expect(() => role(claims)).toThrow(notAMember);
  });

  test('is matched in the case as written', () => {
    expect(find('Abc', { clubs: '[Abc]' }, lists)).toBe('member');
    expect(() => find('Abc', { clubs: '[abc]' }, lists)).toThrow(notAMember);
  });

  test('is never taken from what every object inherits', () => {
    const inherited = { member: 'constructor', moderator: '__proto__' };
    expect(() => role({}, inherited)).toThrow(notAMember);
  });

  test('is at least that of a member where membership is not enforced; the other lists work all the same', () => {
    expect(role({}, {})).toBe('member');
    expect(role({ clubs: '[1]' }, {})).toBe('member');
    expect(role({ undefined: '[123]' }, {})).toBe('member');
    expect(role({ moderated: '[123]' }, { moderator: 'moderated' })).toBe('moderator');
    expect(role({ listening: '[123]' }, { listener: 'listening' })).toBe('listener');
    expect(role({ listening: '[1]' }, { listener: 'listening' })).toBe('member');
  });

  test.each([
    // A restriction that can't be read restricts, and gives nothing to those who are no members.
    [lists, { clubs: '[123]', listening: '123,124' }, 'listener'],
    [lists, { clubs: '[123]', listening: '' }, 'listener'],
    [lists, { clubs: '[123]', listening: '[]' }, 'member'],
    [lists, { clubs: '[123]', listening: '[@staff]' }, 'listener'],
    [lists, { clubs: '[123]', listening: '[1.234567e+06]' }, 'member'],
    [lists, { clubs: '[123]', moderated: '[123 @staff]', listening: '[@staff]' }, 'moderator'],
    [lists, { moderated: '[123]', listening: '123,124' }, 'moderator'],
    [lists, { clubs: '[123]', moderated: '123,124', listening: '123,124' }, 'listener'],
    [lists, { clubs: '[124]', listening: '123,124' }, undefined],
    [lists, { listening: '123,124' }, undefined],
    [{ ...lists, member: undefined }, { listening: '123,124' }, 'listener'],
    [{ ...lists, member: undefined }, { listening: '[124]' }, 'member'],
    [{ ...lists, listener: undefined }, { clubs: '[123]', listening: '123,124' }, 'member'],
  ])('with a list of listeners: %j, %j', (enforced, claims, expected) => {
    const found = () => find('123', claims, enforced);
    if (expected === undefined) expect(found).toThrow(notAMember);
    else expect(found()).toBe(expected);
  });

  test.each([
    [
      { clubs: '["123"]', moderated: '{123}', listening: '[123' },
      { unreadable_claims: ['moderated', 'listening', 'clubs'] },
    ],
    [{}, { absent_claims: ['moderated', 'listening', 'clubs'] }],
    [
      { clubs: '[124]', listening: '[]' },
      { absent_claims: ['moderated'], claims_without_club: ['listening', 'clubs'] },
    ],
    [
      { clubs: '{}', listening: '[1]' },
      { absent_claims: ['moderated'], claims_without_club: ['listening'], unreadable_claims: ['clubs'] },
    ],
  ])('is none with %j, and the log learns %j', (claims, expected) => {
    const facts = {};
    expect(() => find('123', claims, lists, facts)).toThrow(notAMember);
    expect(facts).toEqual(expected);
  });

  test('is found with the prefix', () => {
    const names = { clubs: lists, clubsPrefix: 'club:' };
    expect(roleIn(club('123'), { clubs: '[123 club:123]', listening: '[123]' }, names, {})).toBe('member');
    expect(() => roleIn(club('admins'), { clubs: '[admins club:123]' }, names, {})).toThrow(notAMember);
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
