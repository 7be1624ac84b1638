import { isDeepStrictEqual } from 'node:util';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { memberGrants, tokenEvent } from '../stand-ins/lambda/event.ts';
import { startFunction } from '../stand-ins/lambda/runtime-api.ts';
import type { SecretsManagerStandIn } from '../stand-ins/secrets-manager.ts';
import type { Candidate } from './candidates.ts';
import { quantile } from './statistics.ts';

/** The measurements of one environment, from start to end: times in milliseconds, memory in bytes. */
export interface Run {
  /** From the start of the process to its first request for an event. */
  initMs: number;
  /** From the delivery of the first event, which waits from the start, to its answer. */
  firstMs: number;
  /** The sum of both: what the first reader waits for. */
  totalMs: number;
  /** A request after the first, as the Runtime API sees it: the runtime's own part included, like Lambda's duration. */
  warmP50Ms: number;
  warmP99Ms: number;
  /** `undefined` where the system does not report it. */
  peakMemoryBytes: number | undefined;
  secretReads: number;
}

export interface Conditions {
  nodePath: string;
  /** The module that runs the function; `undefined` for the repository's own. */
  runtime: string | undefined;
  secretsManager: SecretsManagerStandIn;
  /** The variables with which candidates find the store and trust it. */
  environment: Readonly<Record<string, string>>;
  warmRequests: number;
}

export const secretName = 'booky/livekit';
export const credentials = {
  LIVEKIT_API_KEY: 'APIbenchmark',
  LIVEKIT_API_SECRET: 'a-secret-of-at-least-thirty-two-characters',
  LIVEKIT_WS_URL: 'wss://bench.livekit.cloud',
};

/** Starts a candidate with a waiting request, sends more requests, and checks the results. Throws if one is wrong. */
export async function measure(
  candidate: Candidate,
  { nodePath, runtime, secretsManager, environment, warmRequests }: Conditions,
): Promise<Run> {
  const readsBefore = secretsManager.reads;
  const lambda = await startFunction({
    directory: candidate.directory,
    env: { ...environment, LIVEKIT_SECRET_ID: secretName },
    nodePath,
    ...(runtime !== undefined && { runtime }),
  });
  try {
    const event = tokenEvent();
    const first = await lambda.invoke(event);
    const totalMs = performance.now() - lambda.startedAt;
    const warm = [];
    for (let request = 0; request < warmRequests; request += 1) warm.push(await lambda.invoke(event));

    const secretReads = secretsManager.reads - readsBefore;
    const peakMemoryBytes = await lambda.peakMemory();
    if (candidate.mintsTokens) {
      for (const { payload } of [first, ...warm.slice(-1)]) await checkAnswer(payload);
      // The stand-in counts only reads that are signed correctly, session token included.
      if (secretReads === 0) throw new Error('never read the secret');
    }
    const warmMs = warm.map(({ durationMs }) => durationMs);
    return {
      initMs: await lambda.initialised,
      firstMs: first.durationMs,
      totalMs,
      warmP50Ms: quantile(warmMs, 0.5),
      warmP99Ms: quantile(warmMs, 0.99),
      peakMemoryBytes,
      secretReads,
    };
  } catch (error) {
    throw new Error(`${candidate.name}: this run does not count`, { cause: error });
  } finally {
    await lambda.stop();
  }
}

const responseSchema = v.object({ statusCode: v.literal(200), body: v.string() });
const bodySchema = v.object({ token: v.string(), server_url: v.literal(credentials.LIVEKIT_WS_URL) });

async function checkAnswer(payload: unknown): Promise<void> {
  const { body } = v.parse(responseSchema, payload);
  const { token } = v.parse(bodySchema, JSON.parse(body));
  const verifier = new TokenVerifier(credentials.LIVEKIT_API_KEY, credentials.LIVEKIT_API_SECRET);
  const { sub, name, video } = await verifier.verify(token);
  const expected = {
    sub: 'user-001',
    name: 'Ana',
    video: memberGrants,
  };
  if (!isDeepStrictEqual({ sub, name, video }, expected)) throw new Error('the token grants something else');
}
