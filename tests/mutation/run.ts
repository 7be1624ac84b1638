/**
 * `npm run test:mutation`: StrykerJS changes lib/ and client/ piece by piece and runs the unit tests, which should notice each change. With
 * names of files, only these are changed, and no score is required: `npm run test:mutation lib/club.ts`.
 */
import { relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { shortfalls } from './required-scores.ts';

const files = process.argv.slice(2);

const mutants = await new Stryker({
  mutate: files.length > 0 ? files : ['lib/**/*.ts', 'client/*.ts', '!client/react.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'tests/mutation/vitest.config.ts' },
  // It would adapt a tsconfig.json for its copy with TypeScript's JavaScript API, which TypeScript 7 does not have.
  tsconfigFile: 'none',
  concurrency: 2,
  // Long enough for a busy machine: what runs out of it counts as noticed.
  timeoutMS: 20_000,
  reporters: ['clear-text', 'dots'],
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  // What neither they nor their tests read: above all `.tools`, which is large.
  ignorePatterns: ['.*'],
  cleanTempDir: 'always',
}).runMutationTest();

if (files.length === 0) {
  const missing = shortfalls(
    mutants.map(({ fileName, status }) => ({ fileName: relative(process.cwd(), fileName), status })),
  );
  for (const sentence of missing) process.stderr.write(`${sentence}\n`);
  if (missing.length > 0) process.exitCode = 1;
}
