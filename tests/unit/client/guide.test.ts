/** docs/front-end.md against the code; its files are compiled in tests/integration/; the example runs in a browser in tests/e2e/. */
import { expect, test } from 'vitest';
import { TokenError, type TokenErrorCode, textsForReaders } from '../../../client/index.ts';
import { statusOf } from '../../../lib/contract.ts';
import { guide, snippets } from '../../support/guide.ts';

test('every block of TypeScript is a file', () => {
  const files = ['src/App.tsx', 'src/Room.tsx', 'src/auth.ts', 'src/join.ts'];
  expect([...snippets.keys()].sort()).toEqual(files);
  expect(guide.match(/^```(?:ts|tsx|jsx|javascript|typescript)$/gm)).toHaveLength(snippets.size);
});

test('docs/front-end.md has each code once, with its words and status, and a button where trying again may help', () => {
  const rows = guide.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ([^`|]+) \| ([^`|]+) \| ([^|]+) \|$/gm);
  const documented = Array.from(rows, ([, codes = '', statuses = '', words = '', advice = '']) =>
    Array.from(codes.matchAll(/\w+/g), ([code]) => ({ code, statuses, words, advice })),
  ).flat();
  const codes = documented.map(({ code }) => code);
  expect(codes.toSorted()).toEqual(Object.keys(textsForReaders.en).toSorted());
  for (const { code, statuses, words, advice } of documented) {
    if (!isCode(code)) throw new Error(code);
    expect(words, code).toBe(textsForReaders.en[code]);
    expect(advice.includes('a button'), code).toBe(new TokenError(code).isWorthRetrying);
    if (Object.hasOwn(statusOf, code)) {
      const status = String(Object.entries(statusOf).find(([name]) => name === code)?.[1]);
      expect(statuses.includes(status) || statuses.includes('other'), code).toBe(true);
    }
  }
});

function isCode(code: string): code is TokenErrorCode {
  return Object.hasOwn(textsForReaders.en, code);
}
