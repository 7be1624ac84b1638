import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { retryDefaults } from '../../client/token-client.ts';
import { readDeployment } from '../../deploy/parameters.cjs';
import { parseConfig } from '../../lib/config.ts';
import type { Limits, Retries, Times } from './model.ts';
import { concurrencyQuota, gatewayQuota, invocationsQuota, scalingRate, storeReadsQuota } from './quotas.ts';

const target = { stage: 'dev', region: 'eu-central-1' };

/** The limits of a deployment with default parameters, in an account with AWS's default quotas. */
export function defaultLimits(): Limits {
  const { throttlingRate, throttlingBurst } = readDeployment({ issuer: 'http://localhost:3001' }, target);
  return {
    stage: { perSecond: throttlingRate, burst: throttlingBurst },
    gateway: gatewayQuota,
    invocations: invocationsQuota(concurrencyQuota),
    concurrency: concurrencyQuota,
    scaling: scalingRate,
    storeReads: storeReadsQuota,
  };
}

const reportSchema = v.object({
  candidates: v.array(
    v.object({
      name: v.string(),
      total: v.object({ median: v.number() }),
      warmP50: v.object({ median: v.number() }),
    }),
  ),
});

/** The benchmark's last published times, with AWS's runtime client and over TLS. They don't include Lambda's own part. */
export async function benchmarkTimes(): Promise<Times> {
  const file = new URL('../../docs/performance/peers-aws-runtime-tls.json', import.meta.url);
  const { candidates } = v.parse(reportSchema, JSON.parse(await readFile(file, 'utf8')));
  const product = candidates.find(({ name }) => name === 'product');
  if (product === undefined)
    throw new Error(`${file.pathname} has no candidate "product": npm run bench:publish`);
  return {
    coldMs: product.total.median,
    warmMs: product.warmP50.median,
    networkMs: 50,
    credentialsMaxAgeMs: parseConfig({ LIVEKIT_SECRET_ID: 'any' }).credentials.maxAgeMs,
  };
}

/** The retries of the client module. */
export const clientRetries: Retries = retryDefaults;
