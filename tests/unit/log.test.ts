import { describe, expect, test } from 'vitest';
import { createLog, describeError, type LogLevel, logLevels } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';

function linesAt(threshold: LogLevel, metrics?: Metrics): string[] {
  const lines: string[] = [];
  const log = createLog({ threshold, namespace: 'token', now: () => 0, write: (line) => lines.push(line) });
  for (const level of logLevels) log(level, level.toLowerCase(), { club: '1', role: undefined }, metrics);
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

describe('a line with metrics', () => {
  const timestamp = '1970-01-01T00:00:00.000Z';
  const metrics = {
    values: { code: 'ok', requests: 1 },
    directives: [{ Dimensions: [['code']], Metrics: [{ Name: 'requests', Unit: 'Count' }] }],
  } as const;
  const counted = {
    ...metrics.values,
    _aws: { Timestamp: 0, CloudWatchMetrics: [{ Namespace: 'token', ...metrics.directives[0] }] },
  };

  test('has the metrics next to its fields, and names them at its end', () => {
    const [line = ''] = linesAt('DEBUG', metrics);
    expect(JSON.parse(line)).toEqual({ timestamp, level: 'DEBUG', message: 'debug', club: '1', ...counted });
    expect(Object.keys(JSON.parse(line)).at(-1)).toBe('_aws');
  });

  test('has nothing but them below the threshold', () => {
    const lines = linesAt('ERROR', metrics).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(4);
    expect(lines[0]).toEqual({ timestamp, level: 'DEBUG', ...counted });
    expect(lines[3]).toEqual({ timestamp, level: 'ERROR', message: 'error', club: '1', ...counted });
  });
});

test('an error is told with its causes, outermost first', () => {
  const inner = new Error('inner', { cause: 'a text of unknown content' });
  const chain = new TypeError('outer: nobody looks at this line', { cause: inner });
  const here = expect.stringMatching(/^at .*log\.test\.ts:\d+:\d+\)?$/);
  expect(describeError(chain)).toEqual([
    { name: 'TypeError', message: 'outer: nobody looks at this line', at: here },
    { name: 'Error', message: 'inner', at: here },
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

test.each([undefined, 'Error: thrown somewhere'])(
  'an error with the stack %j is told without a place',
  (stack) => {
    const error = new Error('thrown somewhere');
    Object.defineProperty(error, 'stack', { value: stack });
    expect(describeError(error)).toEqual([{ name: 'Error', message: 'thrown somewhere', at: undefined }]);
  },
);

test('a circle of causes ends', () => {
  const error = new Error('again');
  error.cause = error;
  expect(describeError(error)).toHaveLength(5);
});
