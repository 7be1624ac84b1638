import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Candidate } from '../../../bench/candidates.ts';
import { chart } from '../../../bench/chart.ts';
import type { Run } from '../../../bench/measure.ts';
import { readPublished, withTables } from '../../../bench/publish.ts';
import { type Report, summarise, table } from '../../../bench/report.ts';
import { quantile, spread } from '../../../bench/statistics.ts';

test('a quantile lies between its neighbours, whatever their order', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([10, 2, 1], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
  expect(spread([1, 2, 3, 4, 5])).toEqual({ median: 3, lowerQuartile: 2, upperQuartile: 4 });
});

const candidate = (name: string): Candidate => ({
  name,
  title: name,
  directory: '',
  bundleBytes: 1000,
  zipBytes: 500,
  mintsTokens: true,
  remove: async () => {},
});
const run = (totalMs: number, warmP50Ms: number, secretReads = 1): Run => ({
  initMs: totalMs - 10,
  firstMs: 10,
  totalMs,
  warmP50Ms,
  warmP99Ms: warmP50Ms,
  peakMemoryBytes: undefined,
  secretReads,
});
const candidates = ['floor', 'dependency-free', 'product'].map(candidate);
const round = (floor: number, product: number, reads: number) =>
  new Map([
    ['floor', run(floor, 1, 0)],
    ['dependency-free', run(60, 2)],
    ['product', run(product, 3, reads)],
  ]);

test('ratios are taken within a round: a slow round counts no more than a quick one', () => {
  const [floor, , product] = summarise(candidates, [
    round(50, 75, 1),
    round(500, 1000, 2),
    round(100, 150, 1),
  ]);
  expect(floor?.timesFloor.median).toBe(1);
  expect(product).toMatchObject({
    timesFloor: { median: 1.5, upperQuartile: 1.75 },
    timesLimit: { median: 2.5, lowerQuartile: 1.875 },
    timesLimitWarm: { median: 1.5 },
    total: { median: 150 },
    peakMemoryBytes: null,
    secretReads: 2,
  });
});

test('the table has a row for each candidate', () => {
  const report: Report = {
    compares: 'steps',
    node: 'v24.0.0',
    platform: 'linux x64',
    rounds: 1,
    warmRequests: 1,
    latencyMs: 20,
    runtime: 'a runtime',
    tls: true,
    candidates: summarise(candidates, [round(50, 75, 1)]),
  };
  const rows = table(report)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  expect(rows).toHaveLength(1 + candidates.length);
  // 75 by the floor's 50, and by the 60 of the limit, which is also the one before it.
  expect(rows.at(-1)).toMatch(
    /^\| product .* 1\.50 \(1\.50–1\.50\) \| +1\.25 \(1\.25–1\.25\) \| 1\.25 \(1\.25–1\.25\) \|/,
  );
});

test('what the documentation shows is what was measured', async () => {
  const docs = new URL('../../../docs/', import.meta.url);
  const published = await readPublished();
  expect(await readFile(new URL('performance/cold-start.svg', docs), 'utf8')).toBe(chart(published.peers));
  const documentation = await readFile(new URL('performance.md', docs), 'utf8');
  expect(withTables(documentation, published)).toBe(documentation);
  for (const name of ['peers', 'steps', 'profile']) expect(documentation).toContain(`<!-- ${name} -->\n`);
});
