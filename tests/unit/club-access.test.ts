import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { clubIdSchema } from '../../lib/club.ts';
import { clubsListedIn, roleIn } from '../../lib/club-access.ts';
import type { ClaimNames } from '../../lib/config.ts';
import { flattenClaims } from '../../local/flatten-claims.cjs';

const club = (id: string) => v.parse(clubIdSchema, id);
const listed = (claim: unknown) => {
  const clubs = clubsListedIn(claim);
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
    '1.2e+07',
    12,
    ['12'],
    null,
    undefined,
    true,
  ])('%j can’t be read', (claim) => {
    expect(clubsListedIn(claim)).toBeUndefined();
  });
});

describe('the role', () => {
  const names: ClaimNames = { clubs: 'clubs', moderatedClubs: 'moderated', listeners: 'listening' };
  const off: ClaimNames = { clubs: undefined, moderatedClubs: undefined, listeners: undefined };
  const noUnreadable = (name: string) => {
    throw new Error(`The claim ${name} should be readable.`);
  };
  const role = (claims: Record<string, unknown>, enforced = names) =>
    roleIn(club('123'), claims, enforced, noUnreadable);
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
    expect(roleIn(club('Abc'), { clubs: '[Abc]' }, names, noUnreadable)).toBe('member');
    expect(() => roleIn(club('Abc'), { clubs: '[abc]' }, names, noUnreadable)).toThrow(notAMember);
  });

  test('is never taken from what every object inherits', () => {
    const inherited = { ...names, clubs: 'constructor', moderatedClubs: '__proto__' };
    expect(() => role({}, inherited)).toThrow(notAMember);
  });

  test('is at least that of a member where membership is not enforced; the other lists work all the same', () => {
    expect(role({}, off)).toBe('member');
    expect(role({ clubs: '[1]' }, off)).toBe('member');
    expect(role({ undefined: '[123]' }, off)).toBe('member');
    expect(role({ moderated: '[123]' }, { ...off, moderatedClubs: 'moderated' })).toBe('moderator');
    expect(role({ listening: '[123]' }, { ...off, listeners: 'listening' })).toBe('listener');
    expect(role({ listening: '[1]' }, { ...off, listeners: 'listening' })).toBe('member');
  });

  test.each([
    // A restriction that can't be read restricts, and gives nothing to those who are no members.
    [names, { clubs: '[123]', listening: '123,124' }, 'listener'],
    [names, { clubs: '[123]', listening: '' }, 'listener'],
    [names, { clubs: '[123]', listening: '[]' }, 'member'],
    [names, { clubs: '[123]', listening: '[@staff]' }, 'member'],
    [names, { moderated: '[123]', listening: '123,124' }, 'moderator'],
    [names, { clubs: '[123]', moderated: '123,124', listening: '123,124' }, 'listener'],
    [names, { clubs: '[124]', listening: '123,124' }, undefined],
    [names, { listening: '123,124' }, undefined],
    [{ ...names, clubs: undefined }, { listening: '123,124' }, 'listener'],
    [{ ...names, clubs: undefined }, { listening: '[124]' }, 'member'],
    [{ ...names, listeners: undefined }, { clubs: '[123]', listening: '123,124' }, 'member'],
  ])('with a list of listeners: %j, %j', (enforced, claims, expected) => {
    const find = () => roleIn(club('123'), claims, enforced, () => {});
    if (expected === undefined) expect(find).toThrow(notAMember);
    else expect(find()).toBe(expected);
  });

  test('comes of no claim that can’t be read, and the claim is named', () => {
    const unreadable: string[] = [];
    const claims = { clubs: '["123"]', moderated: '{123}', listening: '[123' };
    expect(() => roleIn(club('123'), claims, names, (name) => unreadable.push(name))).toThrow(notAMember);
    expect(unreadable.sort()).toEqual(['clubs', 'listening', 'moderated']);
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
        for (const opened of clubsListedIn(clubs) ?? []) expect(literally).toContain(opened);
      }),
      { numRuns: 2_000 },
    );
  });

  test('all ids that are in it open their clubs, where it holds nothing but ids', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 6 }), (array) => {
        const ids = array.filter((text) => v.is(clubIdSchema, text));
        const { clubs } = flattenClaims({ clubs: ids });
        expect(clubsListedIn(clubs)).toEqual(new Set(ids));
      }),
    );
  });
});
