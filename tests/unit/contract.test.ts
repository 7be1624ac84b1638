import { readFile } from 'node:fs/promises';
import type * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { statusOf, type TokenRequestBody } from '../../lib/contract.ts';
import type { bodySchema } from '../../lib/request.ts';

test('the body that the function reads is the body that clients may send', () => {
  // Held by the compiler, in `npm run check`.
  expectTypeOf<v.InferInput<typeof bodySchema>>().toEqualTypeOf<TokenRequestBody>();
});

test('docs/api.md lists each code with its status', async () => {
  const documentation = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const rows = documentation.matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm);
  const documented = Array.from(rows, ([, status, code]) => [code, Number(status)]);
  expect(Object.fromEntries(documented)).toEqual(statusOf);
});
