import { expect, test } from 'vitest';
import { shortfalls, whole } from '../../mutation/required-scores.ts';

/** Mutants of a file, so many of each status. */
const mutants = (fileName: string, statuses: Record<string, number>) =>
  Object.entries(statuses).flatMap(([status, count]) =>
    Array.from({ length: count }, () => ({ fileName, status })),
  );

const caughtWhole = [
  ...whole.flatMap((file) => mutants(file, { Killed: 1 })),
  ...mutants('client/stay.ts', { Killed: 95, Survived: 5 }),
];
/** Brings the number of all mutants of lib/ to 100. */
const others = (unnoticed: Record<string, number>) => {
  const count = Object.values(unnoticed).reduce((sum, each) => sum + each, 0);
  return mutants('lib/http.ts', { Killed: 100 - whole.length - count, ...unnoticed });
};

test('95 % of all is enough, 94 % is not', () => {
  expect(shortfalls([...caughtWhole, ...others({ Survived: 5 })])).toEqual([]);
  expect(shortfalls([...caughtWhole, ...others({ Survived: 6 })])).toEqual([
    'lib/ has 94.0 %: it should have 95 %',
  ]);
  expect(shortfalls([...caughtWhole, ...others({}), ...mutants('client/join.ts', { Survived: 1 })])).toEqual([
    'client/ has 94.1 %: it should have 95 %',
  ]);
});

test('what no test runs counts as unnoticed, what runs out of time as noticed, and what can’t be run not at all', () => {
  expect(shortfalls([...caughtWhole, ...others({ NoCoverage: 6 })])).toHaveLength(1);
  expect(shortfalls([...caughtWhole, ...others({ Timeout: 6 })])).toEqual([]);
  const ignored = mutants('lib/http.ts', { Ignored: 50, CompileError: 50 });
  expect(shortfalls([...caughtWhole, ...others({ Survived: 5 }), ...ignored])).toEqual([]);
});

test.each(whole)('one unnoticed change in %s is one too many', (file) => {
  const missing = shortfalls([...caughtWhole, ...others({}), ...mutants(file, { Survived: 1 })]);
  expect(missing).toEqual([`${file} has 50.0 %: it should have 100 %`]);
});

test('a file that has to be caught whole has to be there', () => {
  const renamed = caughtWhole.map((mutant) =>
    mutant.fileName === 'lib/reader.ts' ? { ...mutant, fileName: 'lib/person.ts' } : mutant,
  );
  expect(shortfalls([...renamed, ...others({})])).toEqual([
    'lib/reader.ts was not changed anywhere: is it still there?',
  ]);
});
