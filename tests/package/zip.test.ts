import { expect, inject, test } from 'vitest';

test('the zip holds the bundle and nothing else', () => {
  const names = [...inject('packaged').files.keys()];
  expect(names).toContain('handlers/token.mjs');
  expect(names.filter((name) => !/^handlers\/[\w-]+\.mjs$/.test(name))).toEqual([]);
});
