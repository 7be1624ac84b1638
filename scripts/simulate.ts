/**
 * `npm run simulate`: how long a crowd of readers waits for tokens, which limits refuse requests, and what it costs.
 * A model, not a load test: it sends nothing.
 */
import { quantile } from '../bench/statistics.ts';
import { BadUse, readCommand, run } from './checks/command.ts';
import { billOf, defaults, invocationsQuota, limitsInWords } from './simulation/limits.ts';
import { simulate } from './simulation/model.ts';

const help = `How long a crowd of readers waits for tokens. Each option takes a number:

  --readers, --within                     how many join, and over how many seconds they come
  --throttling-rate, --throttling-burst   the deployment's parameters
  --gateway-rate                          API Gateway's quota of requests a second, for the account
  --concurrency                           requests that Lambda runs at a time: the quota, or reserved-concurrency
  --cold-ms                               the first request of an environment, init included
  --warm-ms                               any other request
`;

const { limits, times } = defaults;
const number = (usual: number) => ({ type: 'string', default: String(usual) }) as const;
const options = {
  readers: number(1_000),
  within: number(60),
  'throttling-rate': number(limits.stage.perSecond),
  'throttling-burst': number(limits.stage.burst),
  'gateway-rate': number(limits.gateway.perSecond),
  concurrency: number(limits.concurrency),
  'cold-ms': number(times.coldMs),
  'warm-ms': number(times.warmMs),
};

await run(async () => {
  const values = readCommand(help, options);
  const given = (name: keyof typeof options) => {
    if (/^\d{1,7}(\.\d+)?$/.test(values[name])) return Number(values[name]);
    throw new BadUse(`--${name} should be a number.`);
  };
  const { waitsMs, lastInMs, gaveUp, refusals, ...counts } = simulate({
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
  });
  const wait = (p: number) => `${quantile(waitsMs, p).toFixed(1)} ms`;
  console.table({
    in: `${waitsMs.length} readers, the last after ${(lastInMs / 1000).toFixed(1)} s`,
    'gave up': `${gaveUp} readers, after every retry`,
    wait: `p50 ${wait(0.5)}, p99 ${wait(0.99)}, longest ${wait(1)}`,
    environments: `${counts.environments} started, ${counts.peakConcurrency} busy at a time at most`,
    bill: `$${billOf(counts).total.toFixed(4)}`,
  });
  for (const [limit, words] of Object.entries(limitsInWords)) {
    const times = new Map(Object.entries(refusals)).get(limit) ?? 0;
    const first = limit === counts.firstLimit ? 'The first limit. ' : '';
    if (times > 0) console.log(`${first}Refused ${times} times by ${words}.`);
  }
  return 'well';
});
