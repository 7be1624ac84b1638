/**
 * `npm run simulate`: how long a crowd of readers waits for tokens, which limits refuse requests, and what it costs.
 * A model, not a load test: it sends nothing. `--help` lists the options.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchmarkTimes, clientRetries, defaultLimits } from './simulation/defaults.ts';
import { simulate } from './simulation/model.ts';
import { waitChart, withTable } from './simulation/page.ts';
import { compareWithProcesses } from './simulation/processes.ts';
import { invocationsQuota } from './simulation/quotas.ts';
import { describe } from './simulation/report.ts';

const usage = `npm run simulate -- [options]

  --readers N           how many join (1000)
  --within S            over how many seconds they come (60)
  --throttling-rate N   the deployment's parameter (its default)
  --throttling-burst N  the deployment's parameter (its default)
  --concurrency N       requests that Lambda runs at a time: the account's quota, or reserved-concurrency (1000)
  --gateway-rate N      API Gateway's quota of requests a second, for the account (10000)
  --cold-ms N           the first request of an environment, init included (as measured by the benchmark)
  --warm-ms N           any other request (as measured by the benchmark)
  --network-ms N        from the client to the gateway and back (50)
  --seed N              another seed, another run (1)
  --processes           compares the model with real processes of the packaged function instead (15 s)
  --publish             fills the table and draws the chart of docs/capacity.md instead
  --help                this text`;

const options = readOptions();
const basis = { limits: defaultLimits(), times: await benchmarkTimes(), retries: clientRetries };
if (options.help) {
  console.log(usage);
} else if (options.processes) {
  const { processes, model } = await compareWithProcesses();
  console.table({ processes, model });
} else if (options.publish) {
  const page = new URL('../docs/capacity.md', import.meta.url);
  await writeFile(page, withTable(await readFile(page, 'utf8'), basis));
  await writeFile(new URL('../docs/capacity/wait.svg', import.meta.url), waitChart(basis));
} else {
  const { limits, times, retries } = basis;
  const concurrency = number('concurrency', { fallback: limits.concurrency, min: 1, max: 1e6, whole: true });
  const scenario = {
    crowd: {
      readers: number('readers', { fallback: 1_000, min: 1, max: 1_000_000, whole: true }),
      withinMs: 1000 * number('within', { fallback: 60, min: 0, max: 86_400 }),
      seed: number('seed', { fallback: 1, min: 0, max: 2 ** 31 - 1, whole: true }),
    },
    limits: {
      ...limits,
      stage: {
        perSecond: number('throttling-rate', {
          fallback: limits.stage.perSecond,
          min: 1,
          max: 1e6,
          whole: true,
        }),
        burst: number('throttling-burst', { fallback: limits.stage.burst, min: 1, max: 1e6, whole: true }),
      },
      gateway: {
        ...limits.gateway,
        perSecond: number('gateway-rate', {
          fallback: limits.gateway.perSecond,
          min: 1,
          max: 1e6,
          whole: true,
        }),
      },
      invocations: invocationsQuota(concurrency),
      concurrency,
    },
    times: {
      ...times,
      coldMs: number('cold-ms', { fallback: times.coldMs, min: 0, max: 60_000 }),
      warmMs: number('warm-ms', { fallback: times.warmMs, min: 0, max: 60_000 }),
      networkMs: number('network-ms', { fallback: times.networkMs, min: 0, max: 60_000 }),
    },
    retries,
  };
  console.log(describe(scenario, simulate(scenario)));
}

function readOptions() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      options: {
        readers: text,
        within: text,
        'throttling-rate': text,
        'throttling-burst': text,
        concurrency: text,
        'gateway-rate': text,
        'cold-ms': text,
        'warm-ms': text,
        'network-ms': text,
        seed: text,
        processes: { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function number(
  name: Exclude<keyof ReturnType<typeof readOptions>, 'processes' | 'publish' | 'help'>,
  { fallback, min, max, whole = false }: { fallback: number; min: number; max: number; whole?: boolean },
): number {
  const text = options[name];
  if (text === undefined) return fallback;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  return fail(
    `--${name} is ${JSON.stringify(text)}: it should be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`,
  );
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
