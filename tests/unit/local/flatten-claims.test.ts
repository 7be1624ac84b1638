import { expect, it } from 'vitest';
import { flattenClaims } from '../../../local/flatten-claims.cjs';

it('makes every claim a string, in the form of API Gateway', () => {
  const claims = {
    sub: 'user-001',
    exp: 1795471200,
    email_verified: true,
    nickname: null,
    'cognito:groups': ['admins', 'readers'],
    clubs: [1, 999_999, 1_234_567, 12_345_678_901],
    one: ['42'],
    none: [],
    nested: [['a', 'b'], 'c'],
    address: { street: 'Calle', country: 'ES', tags: ['x', 'y'] },
  };
  expect(flattenClaims(claims)).toEqual({
    sub: 'user-001',
    exp: '1795471200',
    email_verified: 'true',
    nickname: '<nil>',
    'cognito:groups': '[admins readers]',
    clubs: '[1 999999 1.234567e+06 1.2345678901e+10]',
    one: '[42]',
    none: '[]',
    nested: '[[a b] c]',
    address: 'map[country:ES street:Calle tags:[x y]]',
  });
});

it('escapes nothing, so that different arrays come out alike, as on AWS', () => {
  expect(flattenClaims({ clubs: ['a b'] })).toEqual(flattenClaims({ clubs: ['a', 'b'] }));
  expect(flattenClaims({ clubs: 'a] "b' })).toEqual({ clubs: 'a] "b' });
});

it('loses no claim, whatever its name', () => {
  const claims: unknown = JSON.parse('{"__proto__":"x","constructor":["y"]}');
  expect(Object.entries(flattenClaims(Object(claims)))).toEqual([
    ['__proto__', 'x'],
    ['constructor', '[y]'],
  ]);
});
