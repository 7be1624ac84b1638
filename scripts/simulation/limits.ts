/** The limits of a deployment with default parameters in an account with AWS's default quotas, and what things take and cost. */
import { growth, usualRetries } from '../../client/token-client.ts';
import { readDeployment } from '../../deploy/parameters.cjs';
import type { LimitName, Outcome, Rate, Scenario } from './model.ts';

/** Lambda takes at most 10 requests a second for each unit of a concurrency quota. */
export function invocationsQuota(concurrency: number): Rate {
  return { perSecond: 10 * concurrency, burst: 10 * concurrency };
}

const { throttlingRate, throttlingBurst } = readDeployment(
  { issuer: 'http://localhost:3001' },
  { stage: 'dev', region: 'eu-central-1' },
);
const concurrency = 1_000;

export const defaults: Omit<Scenario, 'crowd'> = {
  limits: {
    stage: { perSecond: throttlingRate, burst: throttlingBurst },
    gateway: { perSecond: 10_000, burst: 5_000 },
    invocations: invocationsQuota(concurrency),
    concurrency,
    scaling: { perSecond: 100, burst: 1_000 },
  },
  times: {
    // Assumed, near what `npm run bench` shows: without the start of a micro VM, which Lambda adds.
    coldMs: 120,
    warmMs: 0.6,
    networkMs: 50,
  },
  retries: { most: usualRetries, growth, patienceMs: 30_000 },
};

/** Each limit, and what raises it. */
export const limitsInWords: Readonly<Record<LimitName, string>> = {
  stage: 'the stage’s throttling (429): `throttling-rate` and `throttling-burst` raise it',
  gateway: 'API Gateway’s quota of the account (429): ask AWS for a higher "Throttle rate"',
  invocations:
    'Lambda’s quota of requests a second (503), ten for each of "Concurrent executions": ask AWS for more',
  concurrency:
    'Lambda’s concurrency (503): raise `reserved-concurrency`, or ask AWS for "Concurrent executions"',
  scaling: 'Lambda’s start of new environments (503): 1,000 at once and 100 a second are fixed',
};

/** The function's memory, in gigabytes: `memorySize` of serverless.yml. */
export const memoryGigabytes = 1;

/**
 * What a run costs, in US dollars: list prices of us-east-1 as of November 2026, without the free tier. Requests that the gateway
 * refuses count like all others, so the sum is an upper bound.
 */
export function billOf(
  run: Pick<Outcome, 'requests' | 'invocations' | 'billedMs' | 'environments'>,
): Record<'gateway' | 'lambda' | 'logs' | 'store' | 'total', number> {
  const { requests, invocations, billedMs, environments } = run;
  const bill = {
    gateway: requests / 1e6,
    lambda: (invocations / 1e6) * 0.2 + (billedMs / 1000) * memoryGigabytes * 0.0000133334,
    // A request leaves 330 bytes in the gateway's log, and 1,300 in the function's and Lambda's: half a dollar a gigabyte.
    logs: ((requests * 330 + invocations * 1_300) / 1e9) * 0.5,
    store: (environments / 1e4) * 0.05,
  };
  return { ...bill, total: bill.gateway + bill.lambda + bill.logs + bill.store };
}
