import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { accessLogLine } from '../../../stand-ins/cloudwatch/access-log.ts';
import {
  type AlarmRule,
  alarmRuleSchema,
  isAlarmOn,
  type Sample,
} from '../../../stand-ins/cloudwatch/alarm.ts';
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
    ['{ $.status = 401 }', '{"status":401', false],
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

describe('an alarm', () => {
  const rule: AlarmRule = {
    Statistic: 'Maximum',
    Period: 60,
    EvaluationPeriods: 3,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'breaching',
  };
  /** Of each minute a data point: `X` breaches, `0` does not, `-` is missing. */
  const samplesOf = (points: string): Sample[] =>
    [...points.replaceAll(' ', '')].flatMap((point, minute) =>
      point === '-' ? [] : [{ minute, value: point === 'X' ? 1 : 0, times: 1 }],
    );
  const lastOf = (changes: Partial<AlarmRule>, samples: readonly Sample[], minutes: number) =>
    isAlarmOn({ ...rule, ...changes }, samples, minutes).at(-1);

  // The examples of AWS's documentation: five periods are looked at for three.
  test.each([
    [3, '0 - X - X', false, false],
    [3, '0 - - - -', false, false],
    [3, '- - - - -', true, false],
    [3, '0 X X - X', true, true],
    [3, '- - - - X', true, false],
    [3, 'X - - - -', true, false],
    [2, '0 - X - X', true, true],
    [2, '0 0 X 0 X', true, true],
    [2, '0 - X - -', true, false],
    [2, '- - - - 0', true, false],
    [2, '- - - - X', true, false],
  ])('that needs %i of 3 and sees %s', (DatapointsToAlarm, points, whereBreaching, whereNot) => {
    const samples = samplesOf(points);
    expect(lastOf({ DatapointsToAlarm }, samples, 5)).toBe(whereBreaching);
    expect(lastOf({ DatapointsToAlarm, TreatMissingData: 'notBreaching' }, samples, 5)).toBe(whereNot);
  });

  test('looks at windows that slide with each minute, and comes back to the last data where there are none', () => {
    const changes = { Statistic: 'Sum', Period: 120, EvaluationPeriods: 1, Threshold: 2 } as const;
    const states = isAlarmOn(
      { ...rule, ...changes, TreatMissingData: 'notBreaching' },
      samplesOf('X - X X - - - -'),
      8,
    );
    expect(states).toEqual([false, false, false, true, false, true, false, true]);
  });

  test.each([
    ['Sum', 12],
    ['Minimum', 1],
    ['Maximum', 9],
    ['p50', 1],
    ['p75', 1],
    ['p76', 9],
  ])('compares %s, which is %d, with its threshold', (name, value) => {
    const samples = [
      { minute: 0, value: 1, times: 3 },
      { minute: 0, value: 9, times: 1 },
    ];
    const isPercentile = name.startsWith('p');
    const changes = v.parse(alarmRuleSchema, {
      ...rule,
      EvaluationPeriods: 1,
      Statistic: isPercentile ? undefined : name,
      ExtendedStatistic: isPercentile ? name : undefined,
    });
    expect(lastOf({ ...changes, Threshold: value }, samples, 1)).toBe(true);
    expect(lastOf({ ...changes, Threshold: value + 0.01 }, samples, 1)).toBe(false);
  });
});
