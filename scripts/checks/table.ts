/** Prints the findings: one line each, with a mark, and under it what to do. */
import { styleText } from 'node:util';
import type { Check, Mark } from '../../token-check/check.ts';

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
