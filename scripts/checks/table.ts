/** Prints the findings: one line each, with a mark, and under it what to do. */
import { styleText } from 'node:util';
import { type Check, crossesIn, type Mark } from '../../token-check/check.ts';

type Style = Parameters<typeof styleText>[0];

const marks: Readonly<Record<Mark, { sign: string; style: Style }>> = {
  good: { sign: '✓', style: 'green' },
  warning: { sign: '!', style: 'yellow' },
  bad: { sign: '✗', style: 'red' },
  withheld: { sign: '–', style: 'dim' },
  skipped: { sign: '·', style: 'dim' },
};

/** The rows as text; in colours if the stream shows them: it is not a pipe, and NO_COLOR is not set. */
export function tableOf(rows: readonly Check[], stream: NodeJS.WriteStream): string {
  const width = (cell: (row: Check) => string) =>
    Math.min(40, Math.max(...rows.map((row) => cell(row).length)));
  const [subjects, values] = [width(({ subject }) => subject), width(({ value }) => value)];
  const lines = rows.flatMap(({ mark, subject, value, meaning, notes }) => {
    const { sign, style } = marks[mark];
    const line = `${paint(style, sign, stream)} ${subject.padEnd(subjects)}  ${value.padEnd(values)}  ${meaning}`;
    return [line.trimEnd(), ...notes.map((note) => `    ${note}`)];
  });
  return `${lines.join('\n')}\n`;
}

/** Text in this style, if the stream shows styles. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream });
}

/** The checks of a deployment as a person reads them. */
export function reportOf(url: string, checks: readonly Check[], stream: NodeJS.WriteStream): string {
  return `${url}\n\n${tableOf(checks, stream)}\n${summaryOf(checks, stream)}\n`;
}

function summaryOf(checks: readonly Check[], stream: NodeJS.WriteStream): string {
  const crosses = crossesIn(checks).length;
  if (crosses > 0)
    return paint('red', crosses === 1 ? 'A cross above.' : `${crosses} crosses above.`, stream);
  return checks.some(({ mark }) => mark === 'warning')
    ? paint('yellow', 'No cross, but a warning above.', stream)
    : paint('green', 'Nothing is wrong.', stream);
}
