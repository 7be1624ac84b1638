import type { ErrorCode } from './contract.ts';
import type { CredentialsState } from './token-endpoint.ts';

/**
 * What CloudWatch counts and measures of the function. It reads the metrics out of log lines that name them, in its embedded
 * metric format: no call, no permission, no library.
 */

/** Metrics for one log line. */
export interface Metrics {
  /** Fields of the line: the metrics' values, and what they are told apart by. */
  values: Readonly<Record<string, number | string>>;
  /** Which of those fields are what. */
  directives: readonly Directive[];
}

/** One of the format's `CloudWatchMetrics`, but for its namespace. */
interface Directive {
  /** By which fields the metrics are told apart; each combination of their values is a metric that costs. */
  Dimensions: readonly (readonly string[])[];
  Metrics: readonly { Name: string; Unit: 'Count' | 'Milliseconds' }[];
}

const count = (Name: string) => ({ Name, Unit: 'Count' }) as const;

const ofRequest: readonly Directive[] = [
  { Dimensions: [['code']], Metrics: [count('requests')] },
  {
    Dimensions: [[]],
    Metrics: [
      { Name: 'duration_ms', Unit: 'Milliseconds' },
      count('cold_start'),
      count('stale_credentials'),
      count('previous_credentials'),
    ],
  },
];

/** Of one request: how it ended, how long it took, and what it met. What it did not meet counts 0, so that averages are shares. */
export function requestMetrics(request: {
  /** `ok`, or the contract's code of the error. */
  code: 'ok' | ErrorCode;
  durationMs: number;
  isColdStart: boolean;
  /** `undefined` where it ended before it asked for credentials, or found none. */
  credentialsState: CredentialsState | undefined;
}): Metrics {
  const { code, durationMs, isColdStart, credentialsState } = request;
  return {
    values: {
      code,
      requests: 1,
      duration_ms: durationMs,
      // Numbers, where the log alone would say true or false: nothing else can be counted.
      cold_start: Number(isColdStart),
      stale_credentials: Number(credentialsState === 'stale'),
      previous_credentials: Number(credentialsState === 'previous'),
    },
    directives: ofRequest,
  };
}

/** Of a read of the credentials that failed: it is shared by all requests that wait for it, so none of them counts it. */
export const failedRead: Metrics = {
  values: { failed_reads: 1 },
  directives: [{ Dimensions: [[]], Metrics: [count('failed_reads')] }],
};
