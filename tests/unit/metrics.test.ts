/** What CloudWatch makes of the function's log lines, by AWS's specification of the embedded metric format. */
import { expect, test } from 'vitest';
import { createLog } from '../../lib/log.ts';
import { failedRead, type Metrics, requestMetrics } from '../../lib/metrics.ts';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';

/** Value, unit and dimensions of each metric in a log line that has these. */
function counted(metrics: Metrics): Record<string, unknown> {
  let written = '';
  const write = (line: string) => {
    written += line;
  };
  createLog({ threshold: 'INFO', namespace: 'token', now: () => 5, write })('INFO', 'A line.', {}, metrics);
  const datapoints = metricsIn(written);
  return Object.fromEntries(
    datapoints.map(({ name, value, unit, dimensions }) => [name, { value, unit, dimensions }]),
  );
}
const count = (value: number, dimensions = {}) => ({ value, unit: 'Count', dimensions });

const request = {
  code: 'ok',
  durationMs: 12,
  isColdStart: false,
  credentialsState: 'fresh',
  isCheck: false,
} as const;

test('a request counts by its code, and by what it met in all', () => {
  expect(counted(requestMetrics(request))).toEqual({
    requests: count(1, { code: 'ok' }),
    duration_ms: { value: 12, unit: 'Milliseconds', dimensions: {} },
    cold_start: count(0),
    stale_credentials: count(0),
    previous_credentials: count(0),
  });
});

test.each([
  [{ code: 'not_a_member' }, { requests: count(1, { code: 'not_a_member' }) }],
  [{ isColdStart: true }, { cold_start: count(1) }],
  [{ credentialsState: 'stale' }, { stale_credentials: count(1), previous_credentials: count(0) }],
  [{ credentialsState: 'previous' }, { stale_credentials: count(0), previous_credentials: count(1) }],
] as const)('with %j it counts as %j', (changes, metrics) => {
  expect(counted(requestMetrics({ ...request, ...changes }))).toMatchObject(metrics);
});

test('without credentials it counts as neither fresh nor stale, in no average', () => {
  const names = Object.keys(counted(requestMetrics({ ...request, credentialsState: undefined })));
  expect(names).toEqual(['requests', 'duration_ms', 'cold_start']);
});

test('a request of the check counts nothing, and its line has the values all the same', () => {
  const metrics = requestMetrics({ ...request, credentialsState: 'stale', isCheck: true });
  expect(counted(metrics)).toEqual({});
  expect(metrics.values).toMatchObject({ caller: 'check', code: 'ok', stale_credentials: 1 });
});

test('a failed read of the credentials counts once', () => {
  expect(counted(failedRead)).toEqual({ failed_reads: count(1) });
});
