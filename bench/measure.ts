import { isDeepStrictEqual } from 'node:util';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import type { SecretsManagerStandIn } from '../local/secrets-manager.ts';
import { tokenEvent } from '../tests/support/event.ts';
import { startFunction } from '../tests/support/lambda/runtime-api.ts';
import type { Candidate } from './candidates.ts';
import { quantile } from './statistics.ts';

/** What one life of an environment took: times in milliseconds, memory in bytes. */
export interface Run {
  /** From the start of the process to its first call for an event. */
  initMs: number;
  /** From the hand-over of the first event, which waits from the start, to its answer. */
  firstMs: number;
  /** The sum of both: what the first reader waits for. */
  totalMs: number;
  /** The same sum once more, in a runtime that imports `node:http` as an ES module. */
  plainTotalMs: number;
  /** A request after the first, as the Runtime API sees it: the runtime's own part included, like Lambda's duration. */
  warmP50Ms: number;
  warmP99Ms: number;
  /** The part of it within the handler. */
  handlerP50Ms: number;
  /** `undefined` where the system does not tell. */
  peakMemoryBytes: number | undefined;
  secretReads: number;
}

export interface Conditions {
  nodePath: string;
  secretsManager: SecretsManagerStandIn;
  warmRequests: number;
}

export const secretName = 'booky/livekit';
export const credentials = {
  LIVEKIT_API_KEY: 'APIbenchmark',
  LIVEKIT_API_SECRET: 'a-secret-of-at-least-thirty-two-characters',
  LIVEKIT_WS_URL: 'wss://bench.livekit.cloud',
};

/** Measures one start of a candidate in each of the two runtimes; warm requests are sent in the first alone. */
export async function measure(candidate: Candidate, conditions: Conditions): Promise<Run> {
  const run = await live(candidate, conditions);
  const plain = await live(candidate, { ...conditions, warmRequests: 1 }, ['--import=node:http']);
  return { ...run, plainTotalMs: plain.totalMs };
}

/** Starts a candidate with a request waiting, sends it more, and checks what it did: a run that did the wrong thing throws. */
async function live(
  candidate: Candidate,
  { nodePath, secretsManager, warmRequests }: Conditions,
  nodeOptions: readonly string[] = [],
): Promise<Omit<Run, 'plainTotalMs'>> {
  const readsBefore = secretsManager.reads;
  const environment = await startFunction({
    directory: candidate.directory,
    env: { ...secretsManager.environment, LIVEKIT_SECRET_ID: secretName },
    nodePath,
    nodeOptions,
  });
  try {
    const event = tokenEvent();
    const first = await environment.invoke(event);
    const totalMs = performance.now() - environment.startedAt;
    const warm = [];
    for (let request = 0; request < warmRequests; request += 1) warm.push(await environment.invoke(event));

    const secretReads = secretsManager.reads - readsBefore;
    const peakMemoryBytes = await environment.peakMemory();
    if (candidate.mintsTokens) {
      for (const { payload } of [first, ...warm.slice(-1)]) await checkAnswer(payload);
      // The stand-in counts what is correctly signed, session token included, and nothing else.
      if (secretReads === 0) throw new Error('never read the secret');
    }
    return {
      initMs: await environment.initialised,
      firstMs: first.durationMs,
      totalMs,
      warmP50Ms: quantile(
        warm.map(({ durationMs }) => durationMs),
        0.5,
      ),
      warmP99Ms: quantile(
        warm.map(({ durationMs }) => durationMs),
        0.99,
      ),
      handlerP50Ms: quantile(
        warm.map(({ handlerMs }) => handlerMs),
        0.5,
      ),
      peakMemoryBytes,
      secretReads,
    };
  } catch (error) {
    throw new Error(`${candidate.name}: this run does not count`, { cause: error });
  } finally {
    await environment.stop();
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
    video: {
      room: 'reading-club-123',
      roomJoin: true,
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
    },
  };
  if (!isDeepStrictEqual({ sub, name, video }, expected)) throw new Error('the token grants something else');
}
