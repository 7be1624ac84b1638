import * as v from 'valibot';

/** What a metric was given within one minute: a value, and how often. */
export interface Sample {
  /** Counted from any start. */
  minute: number;
  value: number;
  times: number;
}

const comparisons = {
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
} as const;

/** The properties of an `AWS::CloudWatch::Alarm` that decide its state, as far as this project uses them. */
export const alarmRuleSchema = v.pipe(
  v.object({
    Statistic: v.optional(v.picklist(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'])),
    ExtendedStatistic: v.optional(v.pipe(v.string(), v.regex(/^p\d{1,2}$/))),
    /** In seconds. */
    Period: v.pipe(v.number(), v.multipleOf(60)),
    EvaluationPeriods: v.number(),
    DatapointsToAlarm: v.optional(v.number()),
    Threshold: v.number(),
    ComparisonOperator: v.picklist([
      'GreaterThanOrEqualToThreshold',
      'GreaterThanThreshold',
      'LessThanThreshold',
    ]),
    TreatMissingData: v.picklist(['breaching', 'notBreaching']),
    EvaluateLowSampleCountPercentile: v.optional(v.picklist(['evaluate', 'ignore']), 'evaluate'),
  }),
  v.check((rule) => (rule.Statistic === undefined) !== (rule.ExtendedStatistic === undefined)),
);
export type AlarmRule = v.InferOutput<typeof alarmRuleSchema>;

/**
 * Whether an alarm is on at the end of each minute, by CloudWatch's documentation ("Alarm evaluation", "Alarm evaluation window",
 * "Configuring how CloudWatch alarms treat missing data", "Percentile-based alarms and low data samples"):
 *
 * - Evaluated every minute, over windows of `Period` that slide with it.
 * - It looks at more periods than `EvaluationPeriods`: two more in AWS's examples, and here. What is there counts first, the newest
 *   first. Only if less than `EvaluationPeriods` is there, missing periods count, as `TreatMissingData` says.
 * - It is on if `DatapointsToAlarm` of these breach the threshold, in whatever order.
 * - With `ignore`, a percentile p of fewer than 10/(1−p) samples (10/p below the median) changes nothing.
 */
export function isAlarmOn(rule: AlarmRule, samples: readonly Sample[], minutes: number): boolean[] {
  const { EvaluationPeriods: periods, DatapointsToAlarm: enough = periods, Threshold: threshold } = rule;
  const length = rule.Period / 60;
  const isBreaching = (value: number) => comparisons[rule.ComparisonOperator](value, threshold);
  /** The samples of `count` periods, of which the newest ends with this minute. */
  const within = (end: number, count: number) =>
    samples.filter(({ minute }) => minute <= end && minute > end - length * count);

  const states: boolean[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    const isUndecided =
      rule.EvaluateLowSampleCountPercentile === 'ignore' &&
      sum(within(minute, periods), ({ times }) => times) < fewestSamples(rule.ExtendedStatistic);
    if (isUndecided) {
      states.push(states.at(-1) ?? false);
      continue;
    }
    const existing = Array.from({ length: periods + 2 }, (_, index) => within(minute - index * length, 1))
      .filter((ofPeriod) => ofPeriod.length > 0)
      .slice(0, periods)
      .map((ofPeriod) => statistic(rule, ofPeriod));
    const missing = rule.TreatMissingData === 'breaching' ? periods - existing.length : 0;
    states.push(existing.filter(isBreaching).length + missing >= enough);
  }
  return states;
}

function statistic({ Statistic, ExtendedStatistic }: AlarmRule, samples: readonly Sample[]): number {
  const count = sum(samples, ({ times }) => times);
  const total = sum(samples, ({ value, times }) => value * times);
  const values = samples.map(({ value }) => value);
  if (Statistic === 'Sum') return total;
  if (Statistic === 'Average') return total / count;
  if (Statistic === 'Minimum') return Math.min(...values);
  if (Statistic === 'Maximum') return Math.max(...values);
  if (Statistic === 'SampleCount') return count;
  const upTo = (limit: number) =>
    sum(
      samples.filter(({ value }) => value <= limit),
      ({ times }) => times,
    );
  return Math.min(...values.filter((value) => upTo(value) >= fractionOf(ExtendedStatistic) * count));
}

const fractionOf = (percentile = 'p0') => Number(percentile.slice(1)) / 100;

function fewestSamples(percentile: string | undefined): number {
  const fraction = fractionOf(percentile);
  return Math.round(10 / Math.min(fraction, 1 - fraction));
}

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);
