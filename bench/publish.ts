/**
 * `npm run bench:publish`: copies the results of the benchmarks from bench/results/ to docs/performance/, draws the chart, and fills
 * the tables of docs/performance.md.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { chart } from './chart.ts';
import { type Report, ratio } from './report.ts';

/** Milliseconds per start, for the function and for the one without dependencies. */
export interface ProfileRow {
  purpose: string;
  product: number;
  limit: number;
}

/** All that docs/performance.md shows. */
export interface Published {
  peers: Report;
  peersOnAws: Report;
  steps: Report;
  profile: readonly ProfileRow[];
}

const files = {
  peers: 'peers.json',
  peersOnAws: 'peers-aws-runtime-tls.json',
  steps: 'steps.json',
  profile: 'profile.json',
} as const satisfies Record<keyof Published, string>;

const docs = new URL('../docs/', import.meta.url);

/** The results that were published last. */
export async function readPublished(): Promise<Published> {
  const read = async (name: string) =>
    JSON.parse(await readFile(new URL(`performance/${name}`, docs), 'utf8'));
  return {
    peers: await read(files.peers),
    peersOnAws: await read(files.peersOnAws),
    steps: await read(files.steps),
    profile: await read(files.profile),
  };
}

/** The page with its tables filled: each is between a line `<!-- name -->` and a line `<!-- end -->`. */
export function withTables(documentation: string, published: Published): string {
  const tables: Record<string, string> = {
    peers: peersTable(published),
    steps: stepsTable(published.steps),
    profile: profileTable(published.profile.filter(({ product, limit }) => Math.max(product, limit) >= 0.5)),
  };
  return documentation.replace(
    /(<!-- (\w+) -->\n).*?(<!-- end -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${tables[name] ?? ''}\n\n${end}`,
  );
}

function peersTable({ peers, peersOnAws }: Published): string {
  const rows = peers.candidates
    .toSorted((a, b) => a.timesFloor.median - b.timesFloor.median)
    .map(({ name, title, timesFloor, timesLimitWarm, bundleBytes }) => {
      const onAws = peersOnAws.candidates.find((candidate) => candidate.name === name);
      const cells = [
        title,
        ratio(timesFloor),
        onAws === undefined ? '' : ratio(onAws.timesFloor),
        ratio(timesLimitWarm),
        (bundleBytes / 1000).toFixed(0),
      ];
      return name === 'product' ? cells.map((cell) => `**${cell}**`) : cells;
    });
  return markdown(
    ['', '× floor', '× floor, AWS’s runtime client, over TLS', 'warm, × dependency-free', 'bundle KB'],
    rows,
  );
}

function stepsTable({ candidates }: Report): string {
  const rows = candidates
    .filter(({ name }) => name !== 'floor' && name !== 'dependency-free')
    .map(({ title, bundleBytes, timesFloor, timesBefore }, index) => [
      title,
      (bundleBytes / 1000).toFixed(0),
      ratio(timesFloor),
      index === 0 ? '' : ratio(timesBefore),
    ]);
  return markdown(['step', 'bundle KB', '× floor', '× the row before'], rows);
}

/** As Markdown. */
export function profileTable(rows: readonly ProfileRow[]): string {
  return markdown(
    ['ms per start', 'this function', 'dependency-free'],
    rows.map(({ purpose, product, limit }) => [purpose, product.toFixed(1), limit.toFixed(1)]),
  );
}

/** A table: the first column is text, the others are figures. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'---:|'.repeat(header.length - 1)}`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await mkdir(new URL('performance/', docs), { recursive: true });
  for (const name of Object.values(files)) {
    await copyFile(new URL(`results/${name}`, import.meta.url), new URL(`performance/${name}`, docs));
  }
  const published = await readPublished();
  await writeFile(new URL('performance/cold-start.svg', docs), chart(published.peers));
  const documentation = new URL('performance.md', docs);
  await writeFile(documentation, withTables(await readFile(documentation, 'utf8'), published));
}
