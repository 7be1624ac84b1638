import * as v from 'valibot';

/** What a metric was given within one minute: a value, and how often. */
export interface Sample {
  /** Counted from any start. */
  minute: number;
  value: number;
  times: number;
}

/** The properties of an `AWS::CloudWatch::Alarm` that decide its state, as far as this project uses them. */
export const alarmRuleSchema = v.pipe(
  v.object({
    Statistic: v.optional(v.picklist(['Sum', 'Minimum', 'Maximum'])),
    ExtendedStatistic: v.optional(v.pipe(v.string(), v.regex(/^p\d{1,2}$/))),
    /** In seconds. */
    Period: v.pipe(v.number(), v.multipleOf(60)),
    EvaluationPeriods: v.number(),
    DatapointsToAlarm: v.optional(v.number()),
    Threshold: v.number(),
    ComparisonOperator: v.literal('GreaterThanOrEqualToThreshold'),
    TreatMissingData: v.picklist(['breaching', 'notBreaching']),
  }),
  v.check((rule) => (rule.Statistic === undefined) !== (rule.ExtendedStatistic === undefined)),
);
export type AlarmRule = v.InferOutput<typeof alarmRuleSchema>;

/**
 * Whether an alarm is on at the end of each minute, by CloudWatch's documentation ("Alarm evaluation", "Alarm evaluation window",
 * "Configuring how CloudWatch alarms treat missing data"):
 *
 * - Evaluated every minute, over windows of `Period` that slide with it.
 * - It looks at more periods than `EvaluationPeriods`: two more in AWS's examples, and here. What is there counts first, the newest
 *   first. Only if less than `EvaluationPeriods` is there, missing periods count, as `TreatMissingData` says.
 * - It is on if `DatapointsToAlarm` of these breach the threshold, in whatever order.
 */
export function isAlarmOn(rule: AlarmRule, samples: readonly Sample[], minutes: number): boolean[] {
  const { EvaluationPeriods: periods, DatapointsToAlarm: enough = periods } = rule;
  const length = rule.Period / 60;
  const byMinute: Sample[][] = Array.from({ length: minutes }, () => []);
  for (const sample of samples) byMinute[sample.minute]?.push(sample);
  /** The statistic of the period that ends with each minute; `undefined` where there is no data. */
  const ofPeriods = byMinute.map((_, minute) => {
    const within = byMinute.slice(Math.max(0, minute + 1 - length), minute + 1).flat();
    return within.length > 0 ? statistic(rule, within) : undefined;
  });
  return ofPeriods.map((_, minute) => {
    const existing = Array.from({ length: periods + 2 }, (_, index) => ofPeriods[minute - index * length])
      .filter((value) => value !== undefined)
      .slice(0, periods);
    const missing = rule.TreatMissingData === 'breaching' ? periods - existing.length : 0;
    return existing.filter((value) => value >= rule.Threshold).length + missing >= enough;
  });
}

function statistic({ Statistic, ExtendedStatistic = 'p0' }: AlarmRule, samples: readonly Sample[]): number {
  const values = samples.map(({ value }) => value);
  if (Statistic === 'Minimum') return Math.min(...values);
  if (Statistic === 'Maximum') return Math.max(...values);
  if (Statistic === 'Sum') return sum(samples, ({ value, times }) => value * times);
  const count = (among: readonly Sample[]) => sum(among, ({ times }) => times);
  const enough = (Number(ExtendedStatistic.slice(1)) / 100) * count(samples);
  return Math.min(
    ...values.filter((limit) => count(samples.filter(({ value }) => value <= limit)) >= enough),
  );
}

const sum = (samples: readonly Sample[], of: (sample: Sample) => number) =>
  samples.reduce((total, sample) => total + of(sample), 0);
