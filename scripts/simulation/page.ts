/** The tables and the chart of docs/capacity.md. */
import { markdown } from '../../bench/publish.ts';
import { quantile } from '../../bench/statistics.ts';
import { billOf } from './bill.ts';
import { type Limits, type Outcome, type Retries, simulate, type Times } from './model.ts';
import { gatewayQuota, invocationsQuota } from './quotas.ts';
import { count, dollars, limitsInWords, seconds, wait } from './report.ts';

/** The settings that all runs of the page share. */
export interface Basis {
  limits: Limits;
  times: Times;
  retries: Retries;
}

/** The same limits, raised. */
interface Raise {
  /** What an operator changes, in words. */
  words: string;
  limits: Partial<Limits>;
}

const rates: readonly { perSecond: number; raise: Raise }[] = [
  { perSecond: 10, raise: { words: 'nothing', limits: {} } },
  {
    perSecond: 1_000,
    raise: {
      words: '`throttling-rate=1000`, `throttling-burst=1000`',
      limits: { stage: { perSecond: 1_000, burst: 1_000 } },
    },
  },
  {
    perSecond: 100_000,
    raise: {
      words: `the stage and API Gateway to 100,000 a second, Lambda's concurrency to 10,000`,
      limits: {
        stage: { perSecond: 100_000, burst: 100_000 },
        gateway: { perSecond: 100_000, burst: 100_000 },
        invocations: invocationsQuota(10_000),
        concurrency: 10_000,
      },
    },
  },
];

/** One table: joins within one second, as deployed by default and with the first limit raised. */
export function ratesTable(basis: Basis): string {
  const rows = rates.map(({ perSecond, raise }) => {
    const run = (limits: Partial<Limits>) =>
      simulate({
        ...basis,
        limits: { ...basis.limits, ...limits },
        crowd: { readers: perSecond, withinMs: 1_000, seed: 1 },
      });
    const [before, after] = [run({}), run(raise.limits)];
    return [
      count(perSecond),
      before.firstLimit === undefined ? 'nothing' : limitsInWords[before.firstLimit].name,
      `${count(before.gaveUp)}; ${wait(before, 0.99)}`,
      raise.words,
      after.firstLimit === undefined ? 'nothing' : limitsInWords[after.firstLimit].name,
      `${count(after.gaveUp)}; ${wait(after, 0.99)}; ${seconds(after.lastInMs)}`,
      dollars(billOf(after).total),
    ];
  });
  return markdown(
    [
      'joins in one second',
      'first limit',
      'gave up; p99 wait',
      'raise',
      'next limit',
      'gave up; p99 wait; last in',
      'bill',
    ],
    rows,
  );
}

const crowds = [10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];

/** The results for crowds of each size that come within a minute. */
interface Series {
  title: string;
  colour: string;
  outcomes: readonly { readers: number; outcome: Outcome }[];
}

function seriesOf(basis: Basis): Series[] {
  const of = (limits: Partial<Limits>) =>
    crowds.map((readers) => ({
      readers,
      outcome: simulate({
        ...basis,
        limits: { ...basis.limits, ...limits },
        crowd: { readers, withinMs: 60_000, seed: 1 },
      }),
    }));
  return [
    { title: 'throttling as by default', colour: '#b45309', outcomes: of({}) },
    {
      title: 'throttling-rate=10000, throttling-burst=5000',
      colour: '#2563eb',
      outcomes: of({ stage: gatewayQuota }),
    },
  ];
}

const [width, height, left, right, top, bottom] = [860, 440, 80, 44, 96, 60];

/** The wait over the size of a crowd that comes within a minute, as an SVG with logarithmic axes. */
export function waitChart(basis: Basis): string {
  const all = seriesOf(basis);
  const x = (readers: number) => left + (Math.log10(readers / 10) / 4) * (width - left - right);
  // From 10 ms to 100 s.
  const y = (ms: number) => height - bottom - (Math.log10(ms / 10) / 4) * (height - top - bottom);
  const line = ({ colour, outcomes }: Series, p: number, style: string) => {
    const points = outcomes
      .map(({ readers, outcome }) => `${x(readers).toFixed(1)},${y(quantile(outcome.waitsMs, p)).toFixed(1)}`)
      .join(' ');
    return `  <polyline points="${points}" fill="none" stroke="${colour}" ${style}/>`;
  };
  /** How many got a token, where not all did. */
  const shares = ({ colour, outcomes }: Series) =>
    outcomes
      .filter(({ outcome }) => outcome.gaveUp > 0)
      .map(({ readers, outcome }) => {
        const share = (100 * outcome.waitsMs.length) / readers;
        const above = y(quantile(outcome.waitsMs, 0.99)) - 10;
        return `  <text x="${x(readers).toFixed(1)}" y="${above.toFixed(1)}" text-anchor="middle" fill="${colour}">${share.toFixed(0)} % in</text>`;
      })
      .join('\n');
  const grid = [
    ...[10, 100, 1_000, 10_000, 100_000].map(
      (ms) =>
        `  <line x1="${left}" x2="${width - right}" y1="${y(ms)}" y2="${y(ms)}"/><text x="${left - 8}" y="${y(ms) + 5}" text-anchor="end">${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}</text>`,
    ),
    ...[10, 100, 1_000, 10_000, 100_000].map(
      (readers) =>
        `  <line x1="${x(readers)}" x2="${x(readers)}" y1="${top}" y2="${height - bottom}"/><text x="${x(readers)}" y="${height - bottom + 20}" text-anchor="middle">${count(readers)}</text>`,
    ),
  ];
  const legend = all.map(
    ({ title, colour }, row) =>
      `  <rect x="${left}" y="${50 + row * 20}" width="18" height="4" fill="${colour}"/><text x="${left + 26}" y="${56 + row * 20}">${title}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">
  <title>The wait by the number of readers</title>
  <style>text { fill: #1f2937; } line { stroke: #e5e7eb; }</style>
  <rect width="${width}" height="${height}" fill="#ffffff"/>
  <text x="16" y="28" font-size="17" font-weight="600">The wait of readers who come within a minute: p99 thick, p50 dashed</text>
${[...grid, ...legend].join('\n')}
${all.flatMap((series) => [line(series, 0.5, 'stroke-width="2" stroke-dasharray="5 5"'), line(series, 0.99, 'stroke-width="3"'), shares(series)]).join('\n')}
  <text x="${(left + width - right) / 2}" y="${height - 14}" text-anchor="middle">readers; both axes are logarithmic</text>
</svg>
`;
}

/** The page with its table filled: it stands between a line `<!-- rates -->` and a line `<!-- end -->`. */
export function withTable(page: string, basis: Basis): string {
  return page.replace(
    /(<!-- rates -->\n).*?(<!-- end -->)/s,
    (_, start: string, end: string) => `${start}\n${ratesTable(basis)}\n\n${end}`,
  );
}
