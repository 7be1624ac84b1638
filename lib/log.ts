import type { Metrics } from './metrics.ts';

/** From the least to the most urgent, with the names of Lambda's own log level setting. */
export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a log line; a field that is `undefined` is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line of JSON: time, level, message, the fields, and the metrics in CloudWatch's format. */
export type Log = (level: LogLevel, message: string, fields?: LogFields, metrics?: Metrics) => void;

/**
 * A log of the lines from `threshold` upwards. Of a line below it only the metrics are written: what is counted must not depend
 * on the log level.
 */
export function createLog(options: {
  threshold: LogLevel;
  /** CloudWatch's namespace for the metrics. */
  namespace: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Gets whole lines. On Lambda it should be standard output itself: what goes through `console` is wrapped by the runtime. */
  write: (line: string) => void;
}): Log {
  const { threshold, namespace, now, write } = options;
  const lowest = logLevels.indexOf(threshold);
  /** The JSON of the directives, made once for each kind of line. */
  const known = new Map<Metrics['directives'], string>();
  const inNamespace = (directives: Metrics['directives']) => {
    const json =
      known.get(directives) ?? JSON.stringify(directives.map((each) => ({ Namespace: namespace, ...each })));
    known.set(directives, json);
    return json;
  };
  return (level, message, fields, metrics) => {
    const isLogged = logLevels.indexOf(level) >= lowest;
    if (!isLogged && metrics === undefined) return;
    const at = now();
    const fieldsOnly = JSON.stringify({
      timestamp: new Date(at).toISOString(),
      level,
      message: isLogged ? message : undefined,
      ...(isLogged ? fields : undefined),
      ...metrics?.values,
    });
    // Last, because people who read the line rarely need it.
    const line = metrics
      ? `${fieldsOnly.slice(0, -1)},"_aws":{"Timestamp":${at},"CloudWatchMetrics":${inNamespace(metrics.directives)}}}`
      : fieldsOnly;
    write(`${line}\n`);
  };
}

/** How many errors of a chain of causes are shown. Deeper ones say nothing new, and a chain may be circular. */
const causesShown = 5;

/** An error and its causes as fields, outermost first: name, message, and where each was thrown. */
export function describeError(error: unknown): LogFields[] {
  const chain: LogFields[] = [];
  for (let cause = error; cause !== undefined && chain.length < causesShown; ) {
    if (!(cause instanceof Error)) {
      // Not an Error: its content is unknown, so it is not logged.
      chain.push({ name: typeof cause });
      break;
    }
    const { name, stack } = cause;
    // A parser's message quotes the text that it could not read, which may be a secret.
    const message = cause instanceof SyntaxError ? undefined : cause.message;
    chain.push({
      name,
      message,
      at: stack
        ?.split('\n')
        .find((line) => /^\s+at /.test(line))
        ?.trim(),
    });
    cause = cause.cause;
  }
  return chain;
}
