/** What the workflows of `.github/` promise, and that they fit what they call. actionlint and zizmor find faults within a workflow. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../.github/${path}`, import.meta.url), 'utf8');

const stepSchema = v.looseObject({
  run: v.optional(v.string(), ''),
  uses: v.optional(v.string(), ''),
  with: v.optional(v.record(v.string(), v.unknown()), {}),
});
const jobSchema = v.looseObject({ steps: v.optional(v.array(stepSchema), []) });

const jobsOf = (name: string) =>
  v.parse(v.object({ jobs: v.record(v.string(), jobSchema) }), parse(read(`workflows/${name}.yml`))).jobs;
const stepsOf = (name: string) =>
  v.parse(v.object({ runs: jobSchema }), parse(read(`actions/${name}/action.yml`))).runs.steps;

const holdingSecrets = [
  jobsOf('deploy')['staging'],
  jobsOf('deploy')['production'],
  jobsOf('smoke')['production'],
];

test('the jobs of ci.yml are the steps of .ci/run', () => {
  const steps = [...read('../.ci/run').matchAll(/^(\w+) +\|/gm)].map(([, name]) => name);
  const jobs = /^ +step: \[(.*)\]$/m.exec(read('workflows/ci.yml'))?.[1]?.split(', ');
  expect(steps).not.toEqual([]);
  expect(jobs).toEqual(steps);
});

test('no install script runs in a job that holds a secret', () => {
  const steps = [
    ...holdingSecrets.flatMap((job) => job?.steps ?? []),
    ...stepsOf('release'),
    ...stepsOf('check'),
  ];
  const installing = steps.filter(({ run }) => /npm (ci|i|install|rebuild)\b/.test(run));
  expect(installing.map(({ run }) => run)).toEqual(['npm ci --ignore-scripts', 'npm ci --ignore-scripts']);
});

test('the password goes to the steps that check, and to no step that runs the CLI', () => {
  const jobs = holdingSecrets.map((job) => ({ ...job, steps: [] }));
  expect(JSON.stringify(jobs)).not.toMatch(/secrets|password/i);
  const steps = stepsOf('release');
  for (const step of steps.filter((one) => /release --|conclude --/.test(one.run))) {
    expect(JSON.stringify(step)).not.toMatch(/password|BEARER/i);
  }
  const given = steps.filter((step) => JSON.stringify(step).includes('inputs.password'));
  expect(given.map(({ uses }) => uses)).toEqual(Array(3).fill('./.github/actions/check'));
});

test('an older commit can be told from a newer one', () => {
  const checkouts = Object.values(jobsOf('deploy'))
    .flatMap(({ steps }) => steps)
    .filter(({ uses }) => uses.startsWith('actions/checkout@'));
  expect(checkouts.map((step) => step.with['fetch-depth'])).toEqual([0, 0]);
});

test('a job that waits for its approval is in no concurrency group, where it would keep others waiting', () => {
  expect(jobsOf('deploy')['production']).toMatchObject({ environment: 'production' });
  expect(jobsOf('deploy')['production']).not.toHaveProperty('concurrency');
});
