/** From the least to the most urgent, in the words of Lambda's own log level setting. */
export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a log line; a field that is `undefined` is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line of JSON: when, how urgent, what, and the fields. */
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/**
 * A log from `threshold` upwards. `write` gets whole lines: on Lambda it should be standard output itself, since what goes
 * through `console` is wrapped by the runtime once more.
 */
export function createLog(options: {
  threshold: LogLevel;
  now: () => number;
  write: (line: string) => void;
}): Log {
  const { threshold, now, write } = options;
  const lowest = logLevels.indexOf(threshold);
  return (level, message, fields) => {
    if (logLevels.indexOf(level) < lowest) return;
    write(`${JSON.stringify({ timestamp: new Date(now()).toISOString(), level, message, ...fields })}\n`);
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
