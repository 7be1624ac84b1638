import type { Outcome } from './model.ts';

/**
 * List prices in US dollars of us-east-1, as of November 2026, without the free tier. Other regions differ by up to a third:
 * check the prices of your region before you rely on a sum.
 */
export const prices = {
  gatewayPerMillionRequests: 1,
  lambdaPerMillionRequests: 0.2,
  /** On arm64. */
  lambdaPerGigabyteSecond: 0.0000133334,
  logsPerGigabyte: 0.5,
  storePerTenThousandReads: 0.05,
} as const;

/** The function's memory, in gigabytes: `memorySize` of serverless.yml. */
export const memoryGigabytes = 1;

/**
 * What one request leaves in the logs, in bytes: the gateway's access log, and for those that reach the function its own line
 * and the two of Lambda's platform log. CloudWatch adds 26 bytes to each line.
 */
export const logBytes = { ofGateway: 330, ofFunction: 1_300 } as const;

/** What a run costs, in US dollars. */
export interface Bill {
  gateway: number;
  lambda: number;
  logs: number;
  store: number;
  total: number;
}

/** Requests that the gateway refuses are counted like all others, so the sum is an upper bound. */
export function billOf(outcome: Pick<Outcome, 'requests' | 'invocations' | 'billedMs' | 'storeReads'>): Bill {
  const { requests, invocations, billedMs, storeReads } = outcome;
  const bill = {
    gateway: (requests / 1e6) * prices.gatewayPerMillionRequests,
    lambda:
      (invocations / 1e6) * prices.lambdaPerMillionRequests +
      (billedMs / 1000) * memoryGigabytes * prices.lambdaPerGigabyteSecond,
    logs:
      ((requests * logBytes.ofGateway + invocations * logBytes.ofFunction) / 1e9) * prices.logsPerGigabyte,
    store: (storeReads / 1e4) * prices.storePerTenThousandReads,
  };
  return { ...bill, total: bill.gateway + bill.lambda + bill.logs + bill.store };
}
