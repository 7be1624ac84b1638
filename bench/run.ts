/**
 * `npm run bench`: starts the function and its peers many times, and compares them. `--lambda` runs them behind AWS's own runtime
 * client. `--rounds`, `--warm` (requests in a round) and `--latency` (of the store, in milliseconds) take a number.
 *
 * Each round starts every candidate once, in another order, so other load on the machine affects all alike. Ratios are taken
 * within a round; the table has their median, and in brackets the range of their middle half.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { findAwsRuntime, findNode24 } from '../stand-ins/lambda/aws-runtime.ts';
import { startSecretsManager } from '../stand-ins/secrets-manager.ts';
import { startTlsFront } from '../stand-ins/tls-front.ts';
import { buildCandidates, type Candidate } from './candidates.ts';
import { credentials, measure, type Run, secretName } from './measure.ts';
import { quantile } from './statistics.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    warm: { type: 'string', default: '500' },
    latency: { type: 'string', default: '20' },
    lambda: { type: 'boolean', default: false },
  },
});

const [rounds, warmRequests, latencyMs] = [number('rounds'), number('warm'), number('latency')];
const runtime = options.lambda ? findAwsRuntime() : undefined;
const nodePath = findNode24();
const byName = await buildCandidates();
const { floor, limit } = byName;
const candidates = Object.values(byName);

const store = await startSecretsManager();
store.put(secretName, JSON.stringify(credentials));
store.latencyMs = latencyMs;
const tls = await startTlsFront(store.environment.AWS_ENDPOINT_URL_SECRETS_MANAGER);
const env = { ...store.environment, ...tls.environment, LIVEKIT_SECRET_ID: secretName };
try {
  // It does not count: it warms the disk's cache for all.
  await runRound(0);
  const runs: Map<Candidate, Run>[] = [];
  while (runs.length < rounds) {
    runs.push(await runRound(runs.length));
    process.stderr.write(`round ${runs.length} of ${rounds}\n`);
  }
  const where = options.lambda ? 'AWS’s runtime client' : 'the repository’s runtime';
  console.log(
    `Node 24, ${process.platform} ${process.arch}, ${where}; the store answers in ${latencyMs} ms; ${rounds} rounds.`,
  );
  console.log(tableOf(runs));
} finally {
  await tls.close();
  await Promise.all([store.close(), ...candidates.map(({ remove }) => remove())]);
}

function number(name: 'rounds' | 'warm' | 'latency'): number {
  const value = Number(options[name]);
  if (value >= 1) return value;
  throw new Error(`--${name} should be a number from 1.`);
}

async function runRound(turn: number): Promise<Map<Candidate, Run>> {
  const round = new Map<Candidate, Run>();
  const first = turn % candidates.length;
  for (const candidate of [...candidates.slice(first), ...candidates.slice(0, first)]) {
    const { directory } = candidate;
    const run = measure(
      { directory, env, nodePath, ...(runtime !== undefined && { runtime }) },
      { warmRequests, mintsTokens: candidate !== floor },
    );
    round.set(candidate, await run);
  }
  return round;
}

function tableOf(runs: readonly Map<Candidate, Run>[]): string {
  const rows = candidates.map((candidate) => {
    const of = (key: keyof Run) => runs.map((round) => round.get(candidate)?.[key] ?? Number.NaN);
    const ratioTo = (other: Candidate, key: keyof Run) =>
      runs.map(
        (round) => (round.get(candidate)?.[key] ?? Number.NaN) / (round.get(other)?.[key] ?? Number.NaN),
      );
    return [
      candidate.title,
      quantile(of('coldMs'), 0.5).toFixed(1),
      spread(ratioTo(floor, 'coldMs')),
      spread(ratioTo(limit, 'coldMs')),
      quantile(of('warmMs'), 0.5).toFixed(3),
      spread(ratioTo(limit, 'warmMs')),
      (candidate.bundleBytes / 1000).toFixed(0),
    ];
  });
  const header = ['', 'cold ms', '× floor', '× limit', 'warm ms', '× limit', 'bundle KB'];
  const lines = [header, ['---', ...header.slice(1).map(() => '---:')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function spread(values: readonly number[]): string {
  const [median, lower, upper] = [0.5, 0.25, 0.75].map((p) => quantile(values, p).toFixed(2));
  return `${median} (${lower}–${upper})`;
}
