import { describe, expect, test } from 'vitest';
import { Problem } from '../../lib/problem.ts';
import { readerFrom } from '../../lib/reader.ts';

describe('the sub', () => {
  test.each(['u', 'auth0|5f7c8ec7', 'x'.repeat(256), 'é'.repeat(128)])('%s is an identity', (sub) => {
    expect(readerFrom({ sub }).id).toBe(sub);
  });

  test.each([undefined, null, '', 1, ['user-001'], 'x'.repeat(257), `${'é'.repeat(128)}x`, 'a\ud800'])(
    '%j is none',
    (sub) => {
      expect(() => readerFrom({ sub })).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
      expect(() => readerFrom({ sub })).toThrow(Problem);
    },
  );

  test('is missing without claims', () => {
    expect(() => readerFrom(undefined)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  });
});

describe('the name', () => {
  test.each([
    ['Ana', 'Ana'],
    ['  Ana  ', 'Ana'],
    ['e\u0301', 'é'],
  ])('%j is shown as %j', (name, shown) => {
    expect(readerFrom({ sub: 'user-001', name }).name).toBe(shown);
  });

  test.each([undefined, '', '   ', 'A\u0000na', 'A\u202Ena', 'x'.repeat(129), 5])(
    '%j is replaced by the id',
    (name) => {
      expect(readerFrom({ sub: 'user-001', name }).name).toBe('user-001');
    },
  );
});
