import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { quantile } from '../../../bench/statistics.ts';
import {
  billOf,
  defaults,
  invocationsQuota,
  limitsInWords,
  memoryGigabytes,
} from '../../../scripts/simulation/limits.ts';
import { type Outcome, type Scenario, simulate, tokenBucket } from '../../../scripts/simulation/model.ts';

const unlimited = { perSecond: 1e9, burst: 1e9 };
const open: Scenario['limits'] = {
  stage: unlimited,
  gateway: unlimited,
  invocations: unlimited,
  concurrency: 1e9,
  scaling: unlimited,
  storeReads: unlimited,
};
const times = { warmMs: 10, coldMs: 200, networkMs: 50, credentialsMaxAgeMs: 300_000 };
const retries = { retries: 4, firstWaitMs: 500, longestWaitMs: 8_000 };

function run({
  readers = 1,
  withinMs = 0,
  seed = 1,
  ...others
}: { readers?: number; withinMs?: number; seed?: number } & Partial<Omit<Scenario, 'crowd'>>): Outcome {
  return simulate({ limits: open, times, retries, ...others, crowd: { readers, withinMs, seed } });
}

describe('without a limit', () => {
  test('one reader waits for the network and a cold start', () => {
    const outcome = run({});
    expect(outcome.waitsMs).toEqual([250]);
    expect(outcome).toMatchObject({
      lastInMs: 250,
      environments: 1,
      storeReads: 1,
      billedMs: 200,
      gaveUp: 0,
    });
    expect(outcome.firstLimit).toBeUndefined();
  });

  test('readers who come at once each meet an environment of their own', () => {
    const outcome = run({ readers: 300 });
    expect(outcome).toMatchObject({ environments: 300, peakConcurrency: 300, storeReads: 300 });
    expect(quantile(outcome.waitsMs, 1)).toBe(250);
  });

  test('as many requests run at a time as arrive while one runs (Little)', () => {
    const outcome = run({ readers: 100_000, withinMs: 100_000, times: { ...times, coldMs: 10 } });
    // 1,000 a second for 10 ms each: 10 on average, and by chance some more at the most.
    expect(outcome.billedMs / 100_000).toBeCloseTo(10, 5);
    expect(outcome.peakConcurrency).toBeGreaterThan(10);
    expect(outcome.peakConcurrency).toBeLessThan(35);
  });

  test('an environment reads the secret again when that is due', () => {
    const outcome = run({ readers: 10_000, withinMs: 3_000_000, times: { ...times, warmMs: 0, coldMs: 0 } });
    // One environment, 3,000 s, a read each 270 to 300 s and then at the next request.
    expect(outcome.environments).toBe(1);
    expect(outcome.storeReads).toBeGreaterThanOrEqual(10);
    expect(outcome.storeReads).toBeLessThanOrEqual(12);
  });

  test('the same seed gives the same run, another seed another one', () => {
    const [one, same, other] = [1, 1, 2].map((seed) => run({ readers: 100, withinMs: 1_000, seed }));
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});

describe('at a limit', () => {
  const patient = { ...retries, retries: 1_000_000, longestWaitMs: 500 };
  const impatient = { ...retries, retries: 0 };

  test("the stage's throttling lets a burst pass, and from then on its rate", () => {
    const stage = { perSecond: 50, burst: 100 };
    const outcome = run({ readers: 1_100, limits: { ...open, stage }, retries: patient });
    expect(outcome.waitsMs).toHaveLength(1_100);
    // (1,100 - 100) / 50 a second; retries are spread over half a second.
    expect(outcome.lastInMs).toBeGreaterThanOrEqual(20_000);
    expect(outcome.lastInMs).toBeLessThan(21_000);
    expect(outcome.firstLimit).toBe('stage');
    expect(outcome.refusals.gateway).toBe(0);
  });

  test('a client gives up after its last attempt', () => {
    const stage = { perSecond: 1e-9, burst: 10 };
    const outcome = run({ readers: 30, limits: { ...open, stage } });
    expect(outcome).toMatchObject({ gaveUp: 20, requests: 10 + 20 * 5 });
    expect(outcome.refusals.stage).toBe(20 * 5);
  });

  test.each<[string, number, Partial<Scenario['limits']>]>([
    ['gateway', 10, { gateway: { perSecond: 1e-9, burst: 10 } }],
    ['concurrency', 7, { concurrency: 7 }],
    ['invocations', 70, { invocations: invocationsQuota(7) }],
  ])('%s lets %d pass at once, and not one more', (firstLimit, most, limits) => {
    const atOnce = (readers: number) => run({ readers, limits: { ...open, ...limits }, retries: impatient });
    expect(atOnce(most)).toMatchObject({ gaveUp: 0, firstLimit: undefined });
    expect(atOnce(most + 1)).toMatchObject({ gaveUp: 1, firstLimit });
  });

  test('environments start no faster than Lambda starts them', () => {
    const scaling = { perSecond: 100, burst: 1_000 };
    const slow = { ...times, coldMs: 3_600_000 };
    const outcome = run({ readers: 1_500, limits: { ...open, scaling }, times: slow, retries: patient });
    expect(outcome).toMatchObject({ environments: 1_500, firstLimit: 'scaling', gaveUp: 0 });
    // 500 more than at once, 100 a second.
    expect(outcome.lastInMs - slow.coldMs).toBeGreaterThanOrEqual(5_000);
    expect(outcome.lastInMs - slow.coldMs).toBeLessThan(6_000);
  });

  test('a throttled read is tried again, and then the request refused', () => {
    const storeReads = { perSecond: 1e-9, burst: 10 };
    const outcome = run({ readers: 12, limits: { ...open, storeReads }, retries: impatient });
    expect(outcome).toMatchObject({ gaveUp: 2, firstLimit: 'storeReads', storeReads: 10 + 2 * 3 });
  });
});

test('a token bucket holds its burst, and gains its rate', () => {
  const take = tokenBucket({ perSecond: 2, burst: 3 });
  expect([0, 0, 0, 0].map(take)).toEqual([true, true, true, false]);
  expect([499, 500, 500].map(take)).toEqual([false, true, false]);
  expect([60_000, 60_000, 60_000, 60_000].map(take)).toEqual([true, true, true, false]);
});

test('the bill is what a million requests cost by the price list, with the memory of serverless.yml', async () => {
  const bill = billOf({ requests: 1e6, invocations: 1e6, billedMs: 1e9, storeReads: 1e4 });
  expect(bill).toMatchObject({
    gateway: 1,
    store: 0.05,
    lambda: expect.closeTo(0.2 + 1e6 * 0.0000133334, 10),
  });
  expect(bill.total).toBeCloseTo(bill.gateway + bill.lambda + bill.logs + bill.store, 10);
  const service = await readFile(new URL('../../../serverless.yml', import.meta.url), 'utf8');
  expect(service).toContain(`memorySize: ${1024 * memoryGigabytes}\n`);
});

test.each<[number, Partial<Scenario['limits']>]>([
  [10, {}],
  [1_000, { stage: { perSecond: 1_000, burst: 1_000 } }],
  [
    100_000,
    {
      stage: { perSecond: 100_000, burst: 100_000 },
      gateway: { perSecond: 100_000, burst: 100_000 },
      invocations: invocationsQuota(10_000),
      concurrency: 10_000,
    },
  ],
])(
  'docs/capacity.md has the row of the model for %d joins within a second',
  async (readers, raised) => {
    const page = await readFile(new URL('../../../docs/capacity.md', import.meta.url), 'utf8');
    const [before, after] = [{}, raised].map((limits) =>
      simulate({
        ...defaults,
        limits: { ...defaults.limits, ...limits },
        crowd: { readers, withinMs: 1_000, seed: 1 },
      }),
    );
    const limit = (outcome?: Outcome) =>
      outcome?.firstLimit === undefined ? 'nothing' : limitsInWords[outcome.firstLimit].replace(/ \(.*/, '');
    const figures = (outcome?: Outcome) =>
      `${outcome?.gaveUp.toLocaleString('en-US')}; ${(quantile(outcome?.waitsMs ?? [], 0.99) / 1000).toFixed(2)} s`;
    const [first, ...cells] = [limit(before), figures(before), limit(after), figures(after)];
    const row = page.split('\n').find((line) => line.startsWith(`| ${readers.toLocaleString('en-US')} |`));
    expect(row?.split(' | ').slice(1, 5)).toEqual([first, ...cells]);
  },
  60_000,
);
