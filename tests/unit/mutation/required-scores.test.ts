import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lenient, shortfalls } from '../../mutation/required-scores.ts';

/** Mutants of a file, so many of each status. */
const mutants = (fileName: string, statuses: Record<string, number>) =>
  Object.entries(statuses).flatMap(([status, count]) =>
    Array.from({ length: count }, () => ({ fileName, status })),
  );

const client = mutants('client/stay.ts', { Killed: 95, Survived: 5 });
/** Brings the number of all mutants of lib/ to 100. */
const others = (unnoticed: Record<string, number>) => {
  const count = Object.values(unnoticed).reduce((sum, each) => sum + each, 0);
  return mutants('lib/http.ts', { Killed: 100 - count, ...unnoticed });
};

test('95 % of all is enough, 94 % is not', () => {
  expect(shortfalls([...client, ...others({ Survived: 5 })])).toEqual([]);
  expect(shortfalls([...client, ...others({ Survived: 6 })])).toEqual([
    'lib/ has 94.0 %: it should have 95 %',
  ]);
  expect(shortfalls([...client, ...others({}), ...mutants('client/join.ts', { Survived: 1 })])).toEqual([
    'client/ has 94.1 %: it should have 95 %',
  ]);
});

test('what no test runs counts as unnoticed, what runs out of time as noticed, and what can’t be run not at all', () => {
  expect(shortfalls([...client, ...others({ NoCoverage: 6 })])).toHaveLength(1);
  expect(shortfalls([...client, ...others({ Timeout: 6 })])).toEqual([]);
  const ignored = mutants('lib/http.ts', { Ignored: 50, CompileError: 50 });
  expect(shortfalls([...client, ...others({ Survived: 5 }), ...ignored])).toEqual([]);
});

test.each(['lib/club-access.ts', 'lib/new.ts'])('one unnoticed change in %s is one too many', (file) => {
  const missing = shortfalls([...client, ...others({}), ...mutants(file, { Killed: 1, Survived: 1 })]);
  expect(missing).toEqual([`${file} has 50.0 %: it should have 100 %`]);
});

test('every file of the list is there', () => {
  for (const file of lenient) expect(existsSync(new URL(`../../../${file}`, import.meta.url))).toBe(true);
});
