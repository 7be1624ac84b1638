import { expect, inject, test } from 'vitest';

test('the zip holds the bundle and nothing else', () => {
  expect([...inject('packaged').files.keys()]).toEqual(['handlers/token.mjs']);
});
