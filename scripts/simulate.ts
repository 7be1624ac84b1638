/**
 * `npm run simulate`: how long a crowd of readers waits for tokens, which limits refuse requests, and what it costs.
 * A model, not a load test: it sends nothing.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { quantile } from '../bench/statistics.ts';
import { billOf, defaults, invocationsQuota, limitsInWords } from './simulation/limits.ts';
import { simulate } from './simulation/model.ts';

const { limits, times } = defaults;
/** Each option: what it is, and its default. */
const options = {
  readers: ['how many join', 1_000],
  within: ['over how many seconds they come', 60],
  'throttling-rate': ["the deployment's parameter", limits.stage.perSecond],
  'throttling-burst': ["the deployment's parameter", limits.stage.burst],
  'gateway-rate': ["API Gateway's quota of requests a second, for the account", limits.gateway.perSecond],
  concurrency: [
    'requests that Lambda runs at a time: the quota, or reserved-concurrency',
    limits.concurrency,
  ],
  'cold-ms': ['the first request of an environment, init included', times.coldMs],
  'warm-ms': ['any other request', times.warmMs],
} as const;

const values = readOptions();
const given = (name: keyof typeof options) => Number(values[name] ?? options[name][1]);
const scenario = {
  ...defaults,
  crowd: { readers: given('readers'), withinMs: 1_000 * given('within'), seed: 1 },
  limits: {
    ...limits,
    stage: { perSecond: given('throttling-rate'), burst: given('throttling-burst') },
    gateway: { ...limits.gateway, perSecond: given('gateway-rate') },
    invocations: invocationsQuota(given('concurrency')),
    concurrency: given('concurrency'),
  },
  times: { ...times, coldMs: given('cold-ms'), warmMs: given('warm-ms') },
};
const { waitsMs, lastInMs, gaveUp, refusals, ...counts } = simulate(scenario);
const wait = (p: number) => `${quantile(waitsMs, p).toFixed(1)} ms`;
console.table({
  in: `${waitsMs.length} readers, the last after ${(lastInMs / 1000).toFixed(1)} s`,
  'gave up': `${gaveUp} readers, after every retry`,
  wait: `p50 ${wait(0.5)}, p99 ${wait(0.99)}, longest ${wait(1)}`,
  environments: `${counts.environments} started, ${counts.peakConcurrency} busy at a time at most`,
  'secret read': `${counts.storeReads} times`,
  bill: `$${billOf(counts).total.toFixed(4)}`,
});
for (const [limit, words] of Object.entries(limitsInWords)) {
  const times = new Map(Object.entries(refusals)).get(limit) ?? 0;
  const first = limit === counts.firstLimit ? 'The first limit. ' : '';
  if (times > 0) console.log(`${first}Refused ${times} times by ${words}.`);
}

function readOptions(): Readonly<Record<string, unknown>> {
  try {
    const types = Object.keys(options).map((name) => [name, { type: 'string' as const }]);
    const { values } = parseArgs({ options: Object.fromEntries(types) });
    const wrong = Object.entries(values).find(([, text]) => !/^\d{1,7}(\.\d+)?$/.test(String(text)));
    if (wrong === undefined) return values;
    throw new Error(`--${wrong[0]} should be a number.`);
  } catch (error) {
    const lines = Object.entries(options).map(([name, [what, usual]]) => `  --${name} N  ${what} (${usual})`);
    console.error(`${error instanceof Error ? error.message : error}\n${lines.join('\n')}`);
    process.exit(2);
  }
}
