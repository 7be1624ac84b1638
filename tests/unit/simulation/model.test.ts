import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
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
};
const times = { warmMs: 10, coldMs: 200, networkMs: 50 };
const { retries } = defaults;
const patient: Scenario['retries'] = { most: 1e6, growth: [1, 500, 500], patienceMs: 1e9 };
const impatient = { ...retries, most: 0 };
/** Those that there are at the start, and no more. */
const only = (burst: number) => ({ perSecond: 1e-9, burst });

function run(
  readers: number,
  limits: Partial<Scenario['limits']> = {},
  { withinMs = 0, seed = 1, ...others }: Partial<Scenario & Scenario['crowd']> = {},
): Outcome {
  const crowd = { readers, withinMs, seed };
  return simulate({ times, retries, ...others, limits: { ...open, ...limits }, crowd });
}

test('one reader waits for the network and a cold start; readers who come at once each meet an environment of their own', () => {
  const one = run(1);
  expect(one).toMatchObject({ waitsMs: [250], lastInMs: 250, environments: 1, billedMs: 200 });
  expect(one).toMatchObject({ gaveUp: 0, firstLimit: undefined });
  const many = run(300);
  expect(many).toMatchObject({ environments: 300, peakConcurrency: 300 });
  expect(quantile(many.waitsMs, 1)).toBe(250);
});

test('as many requests run at a time as arrive while one runs (Little)', () => {
  const outcome = run(20_000, {}, { withinMs: 20_000, times: { ...times, coldMs: 10 } });
  // 1,000 a second for 10 ms each: 10 on average, and by chance some more at the most.
  expect(outcome.billedMs / 20_000).toBeCloseTo(10, 5);
  expect(outcome.peakConcurrency).toBeGreaterThan(10);
  expect(outcome.peakConcurrency).toBeLessThan(35);
});

test('the same seed gives the same run, another seed another one', () => {
  const [one, same, other] = [1, 1, 2].map((seed) => run(100, {}, { withinMs: 1_000, seed }));
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});

test.each<[string, Partial<Scenario['limits']>, number, number, number]>([
  // (1,100 - 100) / 50 a second; retries are spread over half a second.
  ['stage', { stage: { perSecond: 50, burst: 100 } }, 1_100, 20_000, 21_000],
  // 500 more than at once, 100 a second, and each a cold start.
  ['scaling', { scaling: { perSecond: 100, burst: 1_000 } }, 1_500, 3_605_000, 3_606_000],
])('%s lets a burst pass, and from then on its rate', (firstLimit, limits, readers, least, most) => {
  const slow = { ...times, coldMs: firstLimit === 'scaling' ? 3_600_000 : times.coldMs };
  const outcome = run(readers, limits, { retries: patient, times: slow });
  expect(outcome).toMatchObject({ firstLimit, gaveUp: 0 });
  expect(outcome.waitsMs).toHaveLength(readers);
  expect(outcome.lastInMs).toBeGreaterThanOrEqual(least);
  expect(outcome.lastInMs).toBeLessThan(most);
});

test.each<[string, number, Partial<Scenario['limits']>]>([
  ['gateway', 10, { gateway: only(10) }],
  ['concurrency', 7, { concurrency: 7 }],
  ['invocations', 70, { invocations: invocationsQuota(7) }],
])('%s lets %d pass at once, and not one more', (firstLimit, most, limits) => {
  const atOnce = (readers: number) => run(readers, limits, { retries: impatient });
  expect(atOnce(most)).toMatchObject({ gaveUp: 0, firstLimit: undefined });
  expect(atOnce(most + 1)).toMatchObject({ gaveUp: 1, firstLimit });
});

test('a client gives up after its last attempt', () => {
  const outcome = run(30, { stage: only(10) });
  expect(outcome).toMatchObject({ gaveUp: 20, requests: 10 + 20 * 5 });
  expect(outcome.refusals.stage).toBe(20 * 5);
});

test('a token bucket holds its burst, and gains its rate', () => {
  const take = tokenBucket({ perSecond: 2, burst: 3 });
  expect([0, 0, 0, 0].map(take)).toEqual([true, true, true, false]);
  expect([499, 500, 500].map(take)).toEqual([false, true, false]);
  expect([60_000, 60_000, 60_000, 60_000].map(take)).toEqual([true, true, true, false]);
});

test('the bill is what a million requests cost by the price list, with the memory of serverless.yml', async () => {
  const bill = billOf({ requests: 1e6, invocations: 1e6, billedMs: 1e9, environments: 1e4 });
  const lambda = expect.closeTo(0.2 + 1e6 * 0.0000133334, 10);
  expect(bill).toMatchObject({ gateway: 1, store: 0.05, lambda });
  expect(bill.total).toBeCloseTo(bill.gateway + bill.lambda + bill.logs + bill.store, 10);
  const service = await readFile('serverless.yml', 'utf8');
  expect(service).toContain(`memorySize: ${1024 * memoryGigabytes}\n`);
});

const rate = (perSecond: number) => ({ perSecond, burst: perSecond });
test.each<[number, Partial<Scenario['limits']>]>([
  [10, {}],
  [1_000, { stage: rate(1_000) }],
  [
    100_000,
    {
      stage: rate(100_000),
      gateway: rate(100_000),
      invocations: invocationsQuota(10_000),
      concurrency: 10_000,
    },
  ],
])(
  'docs/capacity.md has the row of the model for %d joins within a second',
  async (readers, raised) => {
    const page = await readFile('docs/capacity.md', 'utf8');
    const cells = [{}, raised].flatMap((limits) => {
      const crowd = { readers, withinMs: 1_000, seed: 1 };
      const { firstLimit, gaveUp, waitsMs } = simulate({
        ...defaults,
        limits: { ...defaults.limits, ...limits },
        crowd,
      });
      const limit = firstLimit === undefined ? 'nothing' : limitsInWords[firstLimit].replace(/ \(.*/, '');
      return [limit, `${gaveUp.toLocaleString('en')}; ${(quantile(waitsMs, 0.99) / 1000).toFixed(2)} s`];
    });
    expect(page).toContain(`\n| ${readers.toLocaleString('en')} | ${cells.join(' | ')} |`);
  },
  60_000,
);
