import { conditions, type Report, type Summary } from './report.ts';

const width = 860;
const labels = 230;
const barHeight = 26;
const rowHeight = 44;
const top = 84;
const scaleWidth = width - labels - 130;

/** One bar for each candidate, the shortest first: its init, then its first request, from the process's start to the answer. */
export function chart(report: Report): string {
  const candidates = report.candidates.toSorted((a, b) => a.timesFloor.median - b.timesFloor.median);
  const longest = Math.max(...candidates.map(({ init, first }) => init.median + first.median));
  const height = top + candidates.length * rowHeight + 44;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14">
  <title>Cold start: from the start of the process to the first answer</title>
  <style>
    text { fill: #1f2937; } .quiet { fill: #6b7280; font-size: 12px; }
    .init { fill: #2563eb; } .first { fill: #93c5fd; } .other.init { fill: #6b7280; } .other.first { fill: #d1d5db; }
  </style>
  <rect width="${width}" height="${height}" fill="#ffffff"/>
  <text x="16" y="28" font-size="17" font-weight="600">Cold start: from the start of the process to the first answer</text>
  <text class="quiet" x="16" y="50">${escapeXml(conditions(report))}; medians of ${report.rounds} rounds</text>
  <text class="quiet" x="16" y="68">Dark: init. Light: first request. Right: milliseconds, and times the floor within the same round.</text>
${candidates.map((candidate, row) => bar(candidate, top + row * rowHeight, scaleWidth / longest)).join('\n')}
  <text class="quiet" x="16" y="${height - 16}">Drawn by npm run bench:publish from docs/performance/peers.json</text>
</svg>
`;
}

function bar({ name, title, init, first, timesFloor }: Summary, y: number, scale: number): string {
  const group = name === 'product' ? '' : 'other ';
  const [initWidth, firstWidth] = [init.median * scale, first.median * scale];
  const middle = y + barHeight / 2 + 5;
  return [
    `  <text x="${labels - 10}" y="${middle}" text-anchor="end"${group ? '' : ' font-weight="600"'}>${escapeXml(title)}</text>`,
    `  <rect class="${group}init" x="${labels}" y="${y}" width="${initWidth.toFixed(1)}" height="${barHeight}"/>`,
    `  <rect class="${group}first" x="${(labels + initWidth).toFixed(1)}" y="${y}" width="${firstWidth.toFixed(1)}" height="${barHeight}"/>`,
    `  <text x="${(labels + initWidth + firstWidth + 8).toFixed(1)}" y="${middle}">${(init.median + first.median).toFixed(0)} ms · ${timesFloor.median.toFixed(2)} ×</text>`,
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
