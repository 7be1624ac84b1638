import { describe, expect, test } from 'vitest';
import { Problem } from '../../lib/problem.ts';
import { type Claims, readerFrom } from '../../lib/reader.ts';

const standard = { identity: 'sub', name: 'name' };
const read = (claims: Claims | undefined, names = standard, facts = {}) => readerFrom(claims, names, facts);
const unauthenticated = expect.objectContaining({ code: 'unauthenticated' });

describe('the sub', () => {
  test.each([
    'u',
    'auth0|5f7c8ec7',
    'ana@booky.example',
    '[a',
    'a]',
    'xmap[a]',
    '[a]b',
    'nulls',
    '{',
    'map',
    'x'.repeat(256),
    'é'.repeat(128),
  ])('%s is an identity', (sub) => {
    expect(read({ sub }).id).toBe(sub);
  });

  test.each([
    undefined,
    null,
    '',
    1,
    ['user-001'],
    'x'.repeat(257),
    `${'é'.repeat(128)}x`,
    'a\ud800',
    '[user-001]',
    '[a b]',
    '[]',
    '[a\nb]',
    'map[id:1]',
    '{"id":1}',
    '["user-001"]',
    '<nil>',
    'null',
  ])('%j is none', (sub) => {
    const facts = {};
    expect(() => read({ sub }, standard, facts)).toThrow(unauthenticated);
    expect(() => read({ sub })).toThrow(Problem);
    const kind = sub === undefined ? 'absent_claims' : 'unreadable_claims';
    expect(facts).toEqual({ [kind]: ['sub'] });
  });

  test('is missing without claims', () => {
    expect(() => read(undefined)).toThrow(unauthenticated);
  });
});

test('the app’s own claims are read where they are named, and no other stands in for the identity', () => {
  const names = { identity: 'booky_id', name: 'nickname' };
  const claims = { sub: 'uuid', name: 'Ana Ruiz', booky_id: 'user-001', nickname: 'Ana' };
  expect(read(claims, names)).toEqual({ id: 'user-001', claims, name: 'Ana' });
  expect(read({ ...claims, nickname: undefined }, names).name).toBe('user-001');
  const facts = {};
  expect(() => read({ ...claims, booky_id: undefined }, names, facts)).toThrow(unauthenticated);
  expect(facts).toEqual({ absent_claims: ['booky_id'] });
});

describe('the name', () => {
  test.each([
    ['Ana', 'Ana'],
    ['  Ana  ', 'Ana'],
    ['e\u0301', 'é'],
  ])('%j is shown as %j', (name, shown) => {
    expect(read({ sub: 'user-001', name }).name).toBe(shown);
  });

  test.each([undefined, '', '   ', 'A\u0000na', 'A\u202Ena', 'x'.repeat(129), 5])(
    '%j is replaced by the id',
    (name) => {
      expect(read({ sub: 'user-001', name }).name).toBe('user-001');
    },
  );
});
