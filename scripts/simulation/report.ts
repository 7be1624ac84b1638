import { quantile } from '../../bench/statistics.ts';
import { billOf } from './bill.ts';
import type { LimitName, Outcome, Scenario } from './model.ts';

/** The name of each limit, and how to raise it. */
export const limitsInWords: Readonly<Record<LimitName, { name: string; raise: string }>> = {
  stage: { name: "the stage's throttling (429)", raise: '`throttling-rate` and `throttling-burst`' },
  gateway: {
    name: "API Gateway's quota of the account (429)",
    raise: 'the quota "Throttle rate" of API Gateway',
  },
  invocations: {
    name: "Lambda's quota of requests a second (503)",
    raise: 'the quota "Concurrent executions" of Lambda: it allows 10 requests a second for each',
  },
  concurrency: {
    name: "Lambda's concurrency (503)",
    raise: '`reserved-concurrency`, or the quota "Concurrent executions" of Lambda',
  },
  scaling: {
    name: "Lambda's start of new environments (503)",
    raise: 'nothing: 1,000 at once and 100 a second are fixed. Provisioned concurrency has them ready before',
  },
  storeReads: {
    name: "Secrets Manager's quota of reads (503)",
    raise: 'nothing: 10,000 a second are fixed. Retries spread them',
  },
};

/** The results of a run, one line each, for a terminal. */
export function describe({ crowd, limits, times }: Scenario, outcome: Outcome): string {
  const { waitsMs, refusals } = outcome;
  const bill = billOf(outcome);
  const refused = Object.entries(limitsInWords)
    .map(([limit, { name }]) => ({ name, count: refusals[limit as LimitName] }))
    .filter(({ count }) => count > 0);
  const lines: [string, string][] = [
    [
      'crowd',
      `${count(crowd.readers)} readers within ${seconds(crowd.withinMs)}, network ${milliseconds(times.networkMs)}`,
    ],
    [
      'endpoint',
      `${count(limits.stage.perSecond)} requests a second (${count(limits.stage.burst)} at once), ${count(limits.concurrency)} at a time; cold ${milliseconds(times.coldMs)}, warm ${milliseconds(times.warmMs)}`,
    ],
    ['in', `${count(waitsMs.length)} readers, the last after ${seconds(outcome.lastInMs)}`],
    ['gave up', `${count(outcome.gaveUp)} readers, after every retry`],
    ['wait', `p50 ${wait(outcome, 0.5)}, p99 ${wait(outcome, 0.99)}, longest ${wait(outcome, 1)}`],
    [
      'refused by',
      refused.map(({ name, count: times }) => `${name}: ${count(times)}`).join('; ') || 'nobody',
    ],
    [
      'environments',
      `${count(outcome.environments)} started, ${count(outcome.peakConcurrency)} busy at a time at most`,
    ],
    [
      'secret read',
      `${count(outcome.storeReads)} times, ${count(outcome.peakReadsPerSecond)} within a second at most`,
    ],
    [
      'bill',
      `${dollars(bill.total)}: gateway ${dollars(bill.gateway)}, Lambda ${dollars(bill.lambda)}, logs ${dollars(bill.logs)}, Secrets Manager ${dollars(bill.store)}`,
    ],
  ];
  const { firstLimit } = outcome;
  if (firstLimit !== undefined) {
    const { name, raise } = limitsInWords[firstLimit];
    lines.push(['first limit', `${name}. To raise: ${raise}`]);
  }
  return lines.map(([title, text]) => `${title.padEnd(14)}${text}`).join('\n');
}

/** A quantile of the waits as text; "none" where no one got a token. */
export function wait({ waitsMs }: Outcome, p: number): string {
  return waitsMs.length === 0 ? 'none' : milliseconds(quantile(waitsMs, p));
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function milliseconds(ms: number): string {
  if (ms >= 1000) return seconds(ms);
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export function dollars(sum: number): string {
  return `$${sum.toFixed(sum < 0.1 ? 4 : 2)}`;
}
