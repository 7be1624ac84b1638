/** Compares the workflows of `.github/` with what they call. actionlint and zizmor find faults within a workflow. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the jobs of ci.yml are the steps of .ci/run', () => {
  const steps = [...read('.ci/run').matchAll(/^(\w+) +\|/gm)].map(([, name]) => name);
  const jobs = /^ +step: \[(.*)\]$/m.exec(read('.github/workflows/ci.yml'))?.[1]?.split(', ');
  expect(steps).not.toEqual([]);
  expect(jobs).toEqual(steps);
});
