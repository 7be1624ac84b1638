import type { Metrics } from './metrics.ts';

/** From the least to the most urgent, in the words of Lambda's own log level setting. */
export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a log line; a field that is `undefined` is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line of JSON: when, how urgent, what, the fields, and the metrics for CloudWatch to find. */
export type Log = (level: LogLevel, message: string, fields?: LogFields, metrics?: Metrics) => void;

/**
 * A log from `threshold` upwards. Of a line below that its metrics alone are written: what is counted may not depend on how
 * much is logged.
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
  return (level, message, fields, metrics) => {
    const isLogged = logLevels.indexOf(level) >= lowest;
    if (!isLogged && metrics === undefined) return;
    const at = now();
    const line = {
      timestamp: new Date(at).toISOString(),
      level,
      ...(isLogged && { message, ...fields }),
      ...metrics?.values,
      // Last, so that it is out of the way of whoever reads the line.
      _aws: metrics && {
        Timestamp: at,
        CloudWatchMetrics: metrics.directives.map((directive) => ({ Namespace: namespace, ...directive })),
      },
    };
    write(`${JSON.stringify(line)}\n`);
  };
}

/** How deep a chain of causes is followed; deeper ones say nothing new, and a chain may be a circle. */
const causesShown = 5;

/** An error and its causes as fields, outermost first: name and message, and where it was thrown. */
export function describeError(error: unknown): LogFields[] {
  const chain: LogFields[] = [];
  for (let cause = error; cause !== undefined && chain.length < causesShown; ) {
    if (!(cause instanceof Error)) {
      // Not an Error: what it holds is unknown, and so not for a log.
      chain.push({ name: typeof cause });
      break;
    }
    const { name, stack } = cause;
    // A parser's message quotes what it could not read, a secret for instance.
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
