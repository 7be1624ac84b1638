import type { Rate } from './model.ts';

/** API Gateway's default quota for all APIs of an account in a region. Adjustable. */
export const gatewayQuota: Rate = { perSecond: 10_000, burst: 5_000 };

/** Lambda's default quota of concurrent executions for an account in a region. Adjustable; new accounts may have less. */
export const concurrencyQuota = 1_000;

/** Lambda takes at most 10 requests a second for each unit of a concurrency quota. */
export function invocationsQuota(concurrency: number): Rate {
  return { perSecond: 10 * concurrency, burst: 10 * concurrency };
}

/** Lambda starts at most 1,000 environments of a function each 10 seconds, refilled continuously. Not adjustable. */
export const scalingRate: Rate = { perSecond: 100, burst: 1_000 };

/** Secrets Manager's quota of reads for an account in a region. Not adjustable. */
export const storeReadsQuota: Rate = { perSecond: 10_000, burst: 10_000 };
