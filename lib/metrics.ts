import type { ErrorCode } from './contract.ts';
import type { CredentialsState } from './secret/versioned-credentials.ts';

/**
 * The function's metrics in CloudWatch. CloudWatch reads them from log lines in its embedded metric format: no call, no
 * permission, no library.
 */

/** Metrics for one log line. */
export interface Metrics {
  /** Fields of the line: the metrics' values and their dimensions. */
  values: Readonly<Record<string, number | string>>;
  /** Say which of those fields are metrics and which are dimensions. */
  directives: readonly Directive[];
}

/** One of the format's `CloudWatchMetrics`, without its namespace. */
interface Directive {
  /** The fields that are dimensions; each combination of their values is a metric that AWS charges for. */
  Dimensions: readonly (readonly string[])[];
  Metrics: readonly { Name: string; Unit: 'Count' | 'Milliseconds' }[];
}

const count = (Name: string) => ({ Name, Unit: 'Count' }) as const;

const ofRequest = (conditions: readonly ReturnType<typeof count>[]): readonly Directive[] => [
  { Dimensions: [['code']], Metrics: [count('requests')] },
  {
    Dimensions: [[]],
    Metrics: [{ Name: 'duration_ms', Unit: 'Milliseconds' }, count('cold_start'), ...conditions],
  },
];
const withCredentials = ofRequest([count('stale_credentials'), count('previous_credentials')]);
const withoutCredentials = ofRequest([]);

/**
 * Metrics of one request: outcome, duration, and the conditions of its credentials if it got any. A condition that was not met
 * counts 0, so that an average is the share of the requests with credentials.
 */
export function requestMetrics(request: {
  /** `ok`, or the contract's code of the error. */
  code: 'ok' | ErrorCode;
  durationMs: number;
  isColdStart: boolean;
  /** `undefined` if the request ended before it asked for credentials, or there were none. */
  credentialsState: CredentialsState | undefined;
  /** A request of the check is no reader's: its line has the values, and CloudWatch counts none of them. */
  isCheck: boolean;
}): Metrics {
  const { code, durationMs, isColdStart, credentialsState, isCheck } = request;
  return {
    values: {
      ...(isCheck && { caller: 'check' }),
      code,
      requests: 1,
      duration_ms: durationMs,
      // Numbers instead of booleans: CloudWatch counts only numbers.
      cold_start: Number(isColdStart),
      ...(credentialsState && {
        stale_credentials: Number(credentialsState === 'stale'),
        previous_credentials: Number(credentialsState === 'previous'),
      }),
    },
    directives: isCheck ? [] : credentialsState ? withCredentials : withoutCredentials,
  };
}

/** Metrics of a failed read of the credentials, which no request counts: all requests that wait for a read share it. */
export const failedRead: Metrics = {
  values: { failed_reads: 1 },
  directives: [{ Dimensions: [[]], Metrics: [count('failed_reads')] }],
};
