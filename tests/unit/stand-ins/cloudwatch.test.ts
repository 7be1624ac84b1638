import { describe, expect, test } from 'vitest';
import { accessLogLine } from '../../../stand-ins/cloudwatch/access-log.ts';
import { metricsIn } from '../../../stand-ins/cloudwatch/embedded-metrics.ts';
import { filterPattern } from '../../../stand-ins/cloudwatch/filter-pattern.ts';

describe('metrics in a log line', () => {
  const directive = {
    Namespace: 'token',
    Dimensions: [[], ['code']],
    Metrics: [{ Name: 'requests', Unit: 'Count' }],
  };
  const line = (changes: object = {}, directiveChanges: object = {}) =>
    JSON.stringify({
      message: 'Token issued.',
      code: 'ok',
      requests: 2,
      _aws: { Timestamp: 5, CloudWatchMetrics: [{ ...directive, ...directiveChanges }] },
      ...changes,
    });

  test('are kept once for each set of dimensions', () => {
    const datapoint = { namespace: 'token', name: 'requests', value: 2, unit: 'Count', timestamp: 5 };
    expect(metricsIn(line())).toEqual([
      { ...datapoint, dimensions: {} },
      { ...datapoint, dimensions: { code: 'ok' } },
    ]);
  });

  test.each(['no JSON', '5', 'null', '{"requests":2}', 'prefix {"_aws":{}}'])('are not in %s', (other) => {
    expect(metricsIn(other)).toEqual([]);
  });

  test.each([
    ['no metadata', { _aws: {} }],
    ['a time that is none', { _aws: { Timestamp: '5', CloudWatchMetrics: [directive] } }],
    ['a metric that is not there', { requests: undefined }],
    ['a metric that is no number', { requests: '2' }],
    ['a dimension that is not there', { code: undefined }],
    ['a dimension that is empty', { code: '' }],
  ])('are refused with %s', (_, changes) => {
    expect(() => metricsIn(line(changes))).toThrow();
  });

  test.each([
    ['no set of dimensions', { Dimensions: [] }],
    ['a namespace with a space', { Namespace: 'a token' }],
    ['a misspelt member', { metrics: [] }],
    ['a unit that CloudWatch does not know', { Metrics: [{ Name: 'requests', Unit: 'Requests' }] }],
  ])('are refused with %s', (_, changes) => {
    expect(() => metricsIn(line({}, changes))).toThrow();
  });
});

describe('a filter pattern', () => {
  test.each([
    ['{ $.status = 401 }', '{"status":401}', true],
    ['{ $.status = 401 }', '{"status":4010}', false],
    ['{ $.status = 401 }', '{"status":"401"}', false],
    ['{ $.status = 401 }', '{"other":401}', false],
    ['{ $.status = 401 }', '{"a":{"status":401}}', false],
    ['{ $.status = 401 }', '401', false],
    ['{ $.status = 401 }', '{"status":401', false],
    ['{ $.a.status = 401 }', '{"a":{"status":401}}', true],
    ['{ $.code = "ok" }', '{"code":"ok"}', true],
    ['{ $.code = "ok" }', '{"code":"okay"}', false],
  ])('%s of %s: %s', (pattern, line, matches) => {
    expect(filterPattern(pattern)(line)).toBe(matches);
  });

  test.each(['', 'status', '{ $.status = 4* }', '{ $.status > 400 }', '{ $.status = 401', '{$.status=401}'])(
    'that is not understood is refused: %s',
    (pattern) => {
      expect(() => filterPattern(pattern)).toThrow(`understood here: ${pattern}`);
    },
  );
});

test('a line of the access log has text instead of each variable, and a hyphen where there is none', () => {
  const format =
    '{"status":$context.status,"error":"$context.error.responseType","route":"$context.routeKey"}';
  expect(accessLogLine(format, { status: 401, 'error.responseType': 'UNAUTHORIZED' })).toBe(
    '{"status":401,"error":"UNAUTHORIZED","route":"-"}',
  );
});
