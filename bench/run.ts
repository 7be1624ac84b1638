/**
 * `npm run bench`: starts the function and its peers many times, and compares them. `--steps` compares the function at each stage
 * of its build instead; `--aws-runtime` runs them with AWS's own runtime client instead of the repository's; with `--tls` they
 * read the secret over TLS; `--rounds`, `--warm` (requests per round) and `--latency` (of the store, in milliseconds) take a number.
 *
 * Each round starts every candidate once. The order changes from round to round, so that other load on the machine affects all
 * candidates alike. Ratios are taken within a round; the report shows their median.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findAwsRuntime } from '../stand-ins/lambda/aws-runtime.ts';
import { startSecretsManager } from '../stand-ins/secrets-manager.ts';
import { startTlsFront } from '../stand-ins/tls-front.ts';
import { buildCandidates, buildStages, type Candidate } from './candidates.ts';
import { credentials, measure, type Run, secretName } from './measure.ts';
import { findNode24 } from './node24.ts';
import { type Report, summarise, table } from './report.ts';

const options = readOptions();
const rounds = wholeNumber('rounds', options.rounds);
const warmRequests = wholeNumber('warm', options.warm);
const latencyMs = wholeNumber('latency', options.latency);

const node = await findNode24();
const runtime = options['aws-runtime'] ? findAwsRuntime() : undefined;
if (options['aws-runtime'] && runtime === undefined) {
  fail('AWS’s runtime client is not installed: run scripts/install-lambda-runtime.sh');
}
console.error(
  `Node ${node.version}${node.version.startsWith('v24.') ? '' : ' (Lambda has 24: its figures will differ)'}`,
);
console.error('Building the zip and the peers …');
const candidates = options.steps ? await buildStages() : await buildCandidates();

const secretsManager = await startSecretsManager();
secretsManager.put(secretName, JSON.stringify(credentials));
secretsManager.latencyMs = latencyMs;
const tls = options.tls
  ? await startTlsFront(secretsManager.environment.AWS_ENDPOINT_URL_SECRETS_MANAGER)
  : undefined;
const environment = {
  ...secretsManager.environment,
  ...tls?.environment,
};
try {
  const conditions = { nodePath: node.path, runtime, secretsManager, environment, warmRequests };
  // The first round does not count: it warms the disk's cache for all.
  await runRound(candidates);
  const runs: Map<string, Run>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % candidates.length;
    runs.push(await runRound([...candidates.slice(turn), ...candidates.slice(0, turn)]));
    const progress = `round ${round + 1} of ${rounds}`;
    // On a terminal each round overwrites the line of the one before; a pipe gets one line per round.
    process.stderr.write(process.stderr.isTTY ? `\r${progress}` : `${progress}\n`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');

  const report: Report = {
    compares: options.steps ? 'steps' : 'peers',
    node: node.version,
    platform: `${process.platform} ${process.arch}`,
    rounds,
    warmRequests,
    latencyMs,
    runtime: runtime === undefined ? 'the repository’s runtime' : 'AWS’s runtime client',
    tls: options.tls,
    candidates: summarise(candidates, runs),
  };
  const names = [options.steps ? 'steps' : 'peers', runtime && 'aws-runtime', tls && 'tls'];
  const file = new URL(`results/${names.filter(Boolean).join('-')}.json`, import.meta.url);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(table(report));
  console.log(`As JSON: ${fileURLToPath(file)}`);

  async function runRound(order: readonly Candidate[]): Promise<Map<string, Run>> {
    const round = new Map<string, Run>();
    for (const candidate of order) round.set(candidate.name, await measure(candidate, conditions));
    return round;
  }
} finally {
  await tls?.close();
  await Promise.all([secretsManager.close(), ...candidates.map(({ remove }) => remove())]);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        rounds: { type: 'string', default: '25' },
        warm: { type: 'string', default: '500' },
        latency: { type: 'string', default: '20' },
        // The function at each stage of its build, not its peers.
        steps: { type: 'boolean', default: false },
        'aws-runtime': { type: 'boolean', default: false },
        tls: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(
      `${error instanceof Error ? error.message : error}\nThere are --rounds N, --warm N, --latency N, --steps, --aws-runtime and --tls.`,
    );
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  return fail(`--${name} is ${JSON.stringify(text)}: it should be a whole number from 1`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
