import * as v from 'valibot';

/** One value of one metric, as CloudWatch would keep it. */
export interface Datapoint {
  namespace: string;
  name: string;
  /** Values by the dimensions' names. */
  dimensions: Readonly<Record<string, string>>;
  value: number;
  unit: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1_024));

const dimensionSchema = v.pipe(v.string('A dimension is no text.'), v.minLength(1));

/** AWS's specification of the embedded metric format, where it says MUST. What it would ignore is a fault here. */
const documentSchema = v.looseObject({
  _aws: v.strictObject({
    Timestamp: v.pipe(v.number(), v.integer(), v.minValue(0)),
    CloudWatchMetrics: v.array(
      v.strictObject({
        Namespace: v.pipe(v.string(), v.regex(/^[A-Za-z0-9.\-_/#:]{1,255}$/)),
        Dimensions: v.pipe(v.array(v.pipe(v.array(name), v.maxLength(30))), v.minLength(1)),
        Metrics: v.pipe(
          v.array(v.strictObject({ Name: name, Unit: v.picklist(['Count', 'Milliseconds']) })),
          v.maxLength(100),
        ),
      }),
    ),
  }),
});

/** Another line has no metrics. */
const lineSchema = v.pipe(v.string(), v.parseJson(), v.looseObject({ _aws: v.unknown() }));

/**
 * The metrics that CloudWatch Logs would read out of a log line; none where the line is no JSON or has no `_aws`.
 *
 * @throws {Error} where the line says that it has metrics and breaks the format: CloudWatch would drop them in silence
 */
export function metricsIn(line: string): Datapoint[] {
  const document = v.safeParse(lineSchema, line);
  if (!document.success) return [];
  const { _aws: metadata, ...fields } = v.parse(documentSchema, document.output);
  return metadata.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const values = names.map((dimension) => [dimension, v.parse(dimensionSchema, fields[dimension])]);
      return Metrics.map(({ Name, Unit: unit }) => ({
        namespace,
        name: Name,
        dimensions: Object.fromEntries(values),
        value: v.parse(v.number(`The metric ${Name} is no number.`), fields[Name]),
        unit,
        timestamp: metadata.Timestamp,
      }));
    }),
  );
}
