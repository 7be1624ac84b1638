/** Compares the model with real processes of the packaged function, for a scaled-down crowd. */
import { setTimeout as delay } from 'node:timers/promises';
import { credentials, secretName } from '../../bench/measure.ts';
import { findNode24 } from '../../bench/node24.ts';
import { quantile } from '../../bench/statistics.ts';
import { backOff } from '../../client/waiting.ts';
import { packageFunction } from '../../deploy/package-function.ts';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import { type LambdaFunction, startFunction } from '../../stand-ins/lambda/runtime-api.ts';
import { startSecretsManager } from '../../stand-ins/secrets-manager.ts';
import { clientRetries } from './defaults.ts';
import { simulate } from './model.ts';

/** Some hundred readers within seconds, with so few environments that many requests are refused at first. */
const readers = 600;
const withinMs = 6_000;
const concurrency = 3;

/** The compared figures, of the processes or of the model. */
export interface Figures {
  in: number;
  refused: number;
  environments: number;
  p50Ms: number;
  p99Ms: number;
  lastInMs: number;
}

/** Runs the processes, and then the model with the times that they took. */
export async function compareWithProcesses(): Promise<{ processes: Figures; model: Figures }> {
  const { processes, coldMs, warmMs } = await runProcesses();
  const unlimited = { perSecond: 1e9, burst: 1e9 };
  const outcome = simulate({
    crowd: { readers, withinMs, seed: 1 },
    limits: {
      stage: unlimited,
      gateway: unlimited,
      // The processes have no limit of requests per second, so the model has none either.
      invocations: unlimited,
      concurrency,
      scaling: unlimited,
      storeReads: unlimited,
    },
    times: { coldMs, warmMs, networkMs: 0, credentialsMaxAgeMs: Number.POSITIVE_INFINITY },
    retries: clientRetries,
  });
  const refused = Object.values(outcome.refusals).reduce((sum, count) => sum + count, 0);
  return { processes, model: figuresOf({ ...outcome, refused }) };
}

async function runProcesses(): Promise<{ processes: Figures; coldMs: number; warmMs: number }> {
  const [{ path: nodePath }, { directory, remove }] = await Promise.all([findNode24(), packageFunction()]);
  const store = await startSecretsManager();
  store.put(secretName, JSON.stringify(credentials));
  store.latencyMs = 20;

  const started: LambdaFunction[] = [];
  const idle: LambdaFunction[] = [];
  let running = 0;
  let refused = 0;
  const coldMs: number[] = [];
  const warmMs: number[] = [];

  /** One request, handled as by Lambda: in an idle environment, in a new one, or refused. */
  const invoke = async (): Promise<boolean> => {
    if (running >= concurrency) return false;
    running += 1;
    const at = performance.now();
    const waiting = idle.pop();
    // Counted at once: the next request may come before the process has started.
    const environment =
      waiting ??
      (await startFunction({
        directory,
        nodePath,
        env: { ...store.environment, LIVEKIT_SECRET_ID: secretName },
      }));
    if (waiting === undefined) started.push(environment);
    await environment.invoke(tokenEvent());
    (waiting === undefined ? coldMs : warmMs).push(performance.now() - at);
    idle.push(environment);
    running -= 1;
    return true;
  };

  const startedAt = performance.now();
  const join = async (): Promise<number | undefined> => {
    await delay(withinMs * Math.random());
    const pressedAt = performance.now();
    const { retries, firstWaitMs, longestWaitMs } = clientRetries;
    for (let retry = 0; ; retry += 1) {
      if (await invoke()) return performance.now() - pressedAt;
      refused += 1;
      if (retry === retries) return undefined;
      await delay(backOff(retry, firstWaitMs, longestWaitMs, Math.random));
    }
  };
  try {
    let lastInMs = 0;
    const waits = await Promise.all(
      Array.from({ length: readers }, async () => {
        const waitedMs = await join();
        if (waitedMs !== undefined) lastInMs = Math.max(lastInMs, performance.now() - startedAt);
        return waitedMs;
      }),
    );
    const waitsMs = waits.filter((waitedMs) => waitedMs !== undefined);
    const processes = figuresOf({ waitsMs, refused, environments: started.length, lastInMs });
    return { processes, coldMs: quantile(coldMs, 0.5), warmMs: quantile(warmMs, 0.5) };
  } finally {
    await Promise.all(started.map((environment) => environment.stop()));
    await store.close();
    await remove();
  }
}

function figuresOf(run: {
  waitsMs: readonly number[];
  refused: number;
  environments: number;
  lastInMs: number;
}): Figures {
  const { waitsMs, refused, environments, lastInMs } = run;
  return {
    in: waitsMs.length,
    refused,
    environments,
    p50Ms: Number(quantile(waitsMs, 0.5).toFixed(1)),
    p99Ms: Math.round(quantile(waitsMs, 0.99)),
    lastInMs: Math.round(lastInMs),
  };
}
