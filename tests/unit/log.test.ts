import { expect, test } from 'vitest';
import { createLog, describeError, type LogLevel, logLevels } from '../../lib/log.ts';

function linesAt(threshold: LogLevel): string[] {
  const lines: string[] = [];
  const log = createLog({ threshold, now: () => 0, write: (line) => lines.push(line) });
  for (const level of logLevels) log(level, level.toLowerCase(), { club: '1', role: undefined });
  return lines;
}

test('a line is one line of JSON; a field without a value is left out', () => {
  expect(linesAt('ERROR')).toEqual([
    '{"timestamp":"1970-01-01T00:00:00.000Z","level":"ERROR","message":"error","club":"1"}\n',
  ]);
});

test('only the threshold and what is more urgent is written', () => {
  expect(linesAt('DEBUG')).toHaveLength(4);
  expect(linesAt('WARN')).toHaveLength(2);
});

test('an error is told with its causes, outermost first', () => {
  const chain = new TypeError('outer', { cause: new Error('inner', { cause: 'a text of unknown content' }) });
  expect(describeError(chain)).toEqual([
    { name: 'TypeError', message: 'outer', at: expect.stringContaining('log.test.ts') },
    { name: 'Error', message: 'inner', at: expect.stringContaining('log.test.ts') },
    { name: 'string' },
  ]);
});

test('what a parser could not read is not quoted', () => {
  const parse = () => JSON.parse('S3cret-text');
  expect(parse).toThrow(/S3cret/);
  try {
    parse();
  } catch (error) {
    expect(JSON.stringify(describeError(error))).not.toContain('S3cret');
  }
});

test('a circle of causes ends', () => {
  const error = new Error('again');
  error.cause = error;
  expect(describeError(error)).toHaveLength(5);
});
