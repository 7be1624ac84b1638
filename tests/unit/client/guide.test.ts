/** docs/front-end.md against the code; that its files do what it says is shown in a browser, in tests/e2e/guide.test.ts. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TokenError, type TokenErrorCode, textsForReaders } from '../../../client/index.ts';
import { statusOf } from '../../../lib/contract.ts';
import { guide, snippets, writeFrontEnd } from '../../support/guide.ts';

/** What the compiler has to say of the front end; empty when there is nothing. */
function complaintsAbout(directory: string): Promise<string> {
  const compiler = join(process.cwd(), 'node_modules', '.bin', 'tsc');
  return new Promise((resolve) => {
    execFile(compiler, ['-p', directory], { cwd: directory }, (_error, stdout) => resolve(stdout.trim()));
  });
}

test('every block of TypeScript is a file', () => {
  expect([...snippets.keys()].sort()).toEqual([
    'src/Meeting.tsx',
    'src/auth.ts',
    'src/join.ts',
    'src/meetings.ts',
    'src/messages.ts',
    'src/moderators.ts',
    'src/plain-fetch.ts',
    'src/token-source.ts',
  ]);
  expect(guide.match(/^```(?:ts|tsx|js|jsx|javascript|typescript)$/gm)).toHaveLength(snippets.size);
});

test('the files compile in a front end that has the client as the guide copies it', async () => {
  const { directory, remove } = await writeFrontEnd();
  onTestFinished(remove);
  expect(await complaintsAbout(directory)).toBe('');
  // The copied types are really there, down to the contract's: without them everything would compile.
  const wrong = `import { meetings } from './meetings';
    const { role } = await meetings.getToken({ reading_club_id: true });
    export const isKing: boolean = role === 'king';`;
  await writeFile(join(directory, 'src', 'wrong.ts'), wrong);
  const complaints = await complaintsAbout(directory);
  expect(complaints).toContain("Type 'true' is not assignable to type 'string | number | null | undefined'");
  expect(complaints).toContain("types 'Role' and '\"king\"' have no overlap");
});

test('the table has each code once, with its words and status, and a button where trying again may help', () => {
  const rows = guide.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ([^`|]+) \| ([^`|]+) \| ([^|]+) \|$/gm);
  const documented = Array.from(rows, ([, codes = '', statuses = '', words = '', advice = '']) =>
    Array.from(codes.matchAll(/\w+/g), ([code]) => ({ code, statuses, words, advice })),
  ).flat();
  const codes = documented.map(({ code }) => code);
  expect(codes.toSorted()).toEqual(Object.keys(textsForReaders).toSorted());
  for (const { code, statuses, words, advice } of documented) {
    if (!isCode(code)) throw new Error(code);
    expect(words, code).toBe(textsForReaders[code]);
    expect(advice.includes('a button'), code).toBe(new TokenError(code).isWorthRetrying);
    if (Object.hasOwn(statusOf, code)) {
      const status = String(Object.entries(statusOf).find(([name]) => name === code)?.[1]);
      expect(statuses.includes(status) || statuses.includes('other'), code).toBe(true);
    }
  }
});

function isCode(code: string): code is TokenErrorCode {
  return Object.hasOwn(textsForReaders, code);
}
