import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { grants } from '../../lib/grants.ts';

test('docs/api.md grants each role what the code grants it', async () => {
  const documentation = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const rows = documentation.matchAll(/^\| `([a-z-]+)` \|[^|]*\| ((?:`\w+: (?:true|false)`(?:, )?)+) \|$/gm);
  const documented = Array.from(rows, ([, role, cell = '']) => [
    role,
    Object.fromEntries(
      Array.from(cell.matchAll(/(\w+): (true|false)/g), ([, grant, value]) => [grant, value === 'true']),
    ),
  ]);
  expect(Object.fromEntries(documented)).toEqual(grants);
});
