import { isDeepStrictEqual } from 'node:util';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { memberGrants, tokenEvent } from '../stand-ins/lambda/event.ts';
import { type FunctionOptions, startFunction } from '../stand-ins/lambda/runtime-api.ts';
import { quantile } from './statistics.ts';

/** The measurements of one environment, in milliseconds. */
export interface Run {
  /** From the start of the process to the answer to the first event, which waits from the start: what the first reader waits for. */
  coldMs: number;
  /** The median of the requests after the first, as the Runtime API sees them: the runtime's own part included. */
  warmMs: number;
}

export const secretName = 'booky/livekit';
export const credentials = {
  LIVEKIT_API_KEY: 'APIbenchmark',
  LIVEKIT_API_SECRET: 'a-secret-of-at-least-thirty-two-characters',
  LIVEKIT_WS_URL: 'wss://bench.livekit.cloud',
};

/**
 * Starts an environment with a waiting request, and sends more requests.
 *
 * @throws {Error} unless the first answer and the last one are right tokens (`mintsTokens`: the floor answers with none). The store
 *   gives the secret only for a correctly signed read.
 */
export async function measure(
  options: FunctionOptions,
  { warmRequests, mintsTokens }: { warmRequests: number; mintsTokens: boolean },
): Promise<Run> {
  const lambda = await startFunction(options);
  try {
    const event = tokenEvent();
    const first = await lambda.invoke(event);
    const coldMs = performance.now() - lambda.startedAt;
    const warm = [];
    for (let request = 0; request < warmRequests; request += 1) warm.push(await lambda.invoke(event));
    if (mintsTokens) for (const { payload } of [first, ...warm.slice(-1)]) await checkAnswer(payload);
    return {
      coldMs,
      warmMs: quantile(
        warm.map(({ durationMs }) => durationMs),
        0.5,
      ),
    };
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
  const expected = { sub: 'user-001', name: 'Ana', video: memberGrants };
  if (!isDeepStrictEqual({ sub, name, video }, expected)) throw new Error('the token grants something else');
}
