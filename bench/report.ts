import type { Candidate } from './candidates.ts';
import type { Run } from './measure.ts';
import { type Spread, spread } from './statistics.ts';

/** The results of a benchmark and its conditions, as stored in JSON. */
export interface Report {
  /** Whether the candidates are the function and its peers, or the function at each stage of its build. */
  compares: 'peers' | 'steps';
  /** Version of the Node that ran the candidates. */
  node: string;
  platform: string;
  rounds: number;
  /** Requests after the first, in each environment. */
  warmRequests: number;
  /** How long the Secrets Manager stand-in waits before it answers, in milliseconds. */
  latencyMs: number;
  /** What runs the candidates. */
  runtime: string;
  /** Whether the secret is read over TLS. */
  tls: boolean;
  candidates: Summary[];
}

/** A candidate over all rounds: times in milliseconds; each ratio is of two values of the same round. */
export interface Summary {
  name: string;
  title: string;
  init: Spread;
  first: Spread;
  total: Spread;
  /** `total`, divided by the floor's in the same round. */
  timesFloor: Spread;
  /** `total`, divided by that of the function without dependencies in the same round: nearly the same on every machine. */
  timesLimit: Spread;
  /** `total`, divided by that of the candidate before it in the same round. */
  timesBefore: Spread;
  warmP50: Spread;
  warmP99: Spread;
  /** `warmP50`, divided by that of the function without dependencies in the same round. */
  timesLimitWarm: Spread;
  /** The highest resident set size, in bytes; `null` where the system does not report it. */
  peakMemoryBytes: number | null;
  bundleBytes: number;
  zipBytes: number;
  /** The most reads of the secret in one environment. */
  secretReads: number;
}

/** @param rounds one map for each round, from the candidate's name to its run */
export function summarise(candidates: readonly Candidate[], rounds: readonly Map<string, Run>[]): Summary[] {
  return candidates.map(({ name, title, bundleBytes, zipBytes }, index) => {
    const own = rounds.map((round) => runOf(round, name));
    const ratios = (other: string, field: 'totalMs' | 'warmP50Ms') =>
      spread(rounds.map((round) => runOf(round, name)[field] / runOf(round, other)[field]));
    const memory = own.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
    return {
      name,
      title,
      init: spread(own.map(({ initMs }) => initMs)),
      first: spread(own.map(({ firstMs }) => firstMs)),
      total: spread(own.map(({ totalMs }) => totalMs)),
      timesFloor: ratios('floor', 'totalMs'),
      timesLimit: ratios('dependency-free', 'totalMs'),
      timesBefore: ratios(candidates[Math.max(0, index - 1)]?.name ?? name, 'totalMs'),
      warmP50: spread(own.map(({ warmP50Ms }) => warmP50Ms)),
      warmP99: spread(own.map(({ warmP99Ms }) => warmP99Ms)),
      timesLimitWarm: ratios('dependency-free', 'warmP50Ms'),
      peakMemoryBytes: memory.length > 0 ? spread(memory).median : null,
      bundleBytes,
      zipBytes,
      secretReads: Math.max(...own.map(({ secretReads }) => secretReads)),
    };
  });
}

function runOf(round: Map<string, Run>, name: string): Run {
  const run = round.get(name);
  if (run === undefined) throw new Error(`a round is without ${name}`);
  return run;
}

/** For a terminal, and as Markdown: the median of each figure; for ratios also the range of the middle half. */
export function table(report: Report): string {
  const { compares, rounds, warmRequests, candidates } = report;
  const header = [
    'candidate',
    'init ms',
    'first ms',
    'sum ms',
    '× floor',
    '× dependency-free',
    ...(compares === 'steps' ? ['× before'] : []),
    'warm p50 ms',
    'warm p99 ms',
    'warm × dependency-free',
    'peak MB',
    'bundle KB',
    'zip KB',
    'reads',
  ];
  const rows = candidates.map((candidate) => [
    candidate.title,
    candidate.init.median.toFixed(1),
    candidate.first.median.toFixed(1),
    candidate.total.median.toFixed(1),
    ratio(candidate.timesFloor),
    ratio(candidate.timesLimit),
    ...(compares === 'steps' ? [ratio(candidate.timesBefore)] : []),
    candidate.warmP50.median.toFixed(2),
    candidate.warmP99.median.toFixed(2),
    ratio(candidate.timesLimitWarm),
    candidate.peakMemoryBytes === null ? 'unknown' : (candidate.peakMemoryBytes / 2 ** 20).toFixed(0),
    (candidate.bundleBytes / 1000).toFixed(1),
    (candidate.zipBytes / 1000).toFixed(1),
    String(candidate.secretReads),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [
    `${conditions(report)}; ${rounds} rounds, ${warmRequests} warm requests each.`,
    'Medians over the rounds; ratios are taken within each round, with the range of their middle half.',
    '',
    line(header),
    rule,
    ...rows.map(line),
  ].join('\n');
}

/** The conditions in words: Node, machine, runtime and secret store. */
export function conditions({ node, platform, runtime, latencyMs, tls }: Report): string {
  return `Node ${node}, ${platform}, ${runtime}, a secret store that answers in ${latencyMs} ms${tls ? ' over TLS' : ''}`;
}

/** The median, and in brackets the middle half. */
export function ratio({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`;
}
