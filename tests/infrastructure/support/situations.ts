/**
 * What CloudWatch learns while something is wrong, minute by minute: the log lines of the packaged function, run in each
 * situation, and what the gateway and Lambda count of its answers, as often as readers come.
 */
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { vi } from 'vitest';
import { accessLogLine } from '../../../stand-ins/cloudwatch/access-log.ts';
import type { Sample } from '../../../stand-ins/cloudwatch/alarm.ts';
import { metricsIn } from '../../../stand-ins/cloudwatch/embedded-metrics.ts';
import { filterPattern } from '../../../stand-ins/cloudwatch/filter-pattern.ts';
import { tokenEvent } from '../../../stand-ins/lambda/event.ts';
import { type FunctionOptions, startFunction } from '../../../stand-ins/lambda/runtime-api.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';
import { onlyResource, type Template } from './packaged.ts';
import { checkName, filtersOf, functionName, identity, ofFunction, ofGateway, secret } from './signals.ts';

/** How one request ended. */
interface Served {
  status: number;
  /** Of the function. */
  lines?: readonly string[];
  durationMs?: number;
  hasCrashed?: boolean;
}

/** What is wrong; where nothing is said, readers are served and the check passes. */
export interface Situation {
  /** What befalls Secrets Manager: environments notice when their credentials are five minutes old. */
  store?: (store: SecretsManagerStandIn) => void;
  /** With what each environment of the function was started. */
  function?: Partial<Pick<FunctionOptions, 'env' | 'handler'>>;
  /** What readers get instead of the function's answer. */
  gateway?: Served;
  check?: 'fails' | 'fails once' | 'does not run';
  /** Whether each environment is replaced in the first minute. */
  isDeployment?: boolean;
  /** Requests beside the readers', by the minute after the fault. */
  others?: (minute: number) => readonly (readonly [served: Served, times: number])[];
}

const fiftyASecond = 3_000;

export const situations: Readonly<Record<string, Situation>> = {
  'all is well': {},
  'a deployment': { isDeployment: true },
  'Secrets Manager is slow': {
    store: (slow) => {
      // An attempt to read is given up after a second.
      slow.latencyMs = 700;
    },
  },
  'one check fails': { check: 'fails once' },
  'one client with an old JWT': { others: (minute) => [[{ status: 401 }, minute < 2 ? 3 : 0]] },
  'one client that repeats too fast': { others: (minute) => [[{ status: 429 }, minute === 0 ? 9 : 0]] },
  'a flood without JWTs': { others: () => [[{ status: 401 }, 0.4 * fiftyASecond]] },
  'more requests than the limit': {
    others: () => [
      [{ status: 401 }, fiftyASecond],
      [{ status: 429 }, fiftyASecond],
    ],
  },
  'the identity provider is down': { gateway: { status: 401 } },
  'the function crashes once': {
    others: (minute) => [[{ status: 500, hasCrashed: true }, minute === 0 ? 1 : 0]],
  },
  "the secret can't be read": { store: (s) => s.failWith('AccessDeniedException'), check: 'fails' },
  "its KMS key can't be used": { store: (s) => s.failWith('DecryptionFailure'), check: 'fails' },
  'the secret is faulty': { store: (s) => s.put('livekit', '{}'), check: 'fails' },
  "LiveKit's key is deleted": { check: 'fails' },
  'a variable is wrong': { function: { env: { LIVEKIT_SECRET_ID: '' } }, check: 'fails' },
  'the function crashes': { function: { handler: 'handlers/gone.handler' }, check: 'fails' },
  'the function is throttled': { gateway: { status: 503 }, check: 'fails' },
  'the check does not run': { check: 'does not run' },
};

/** Requests of readers in a minute, counted from the fault: in warm and in new environments. */
export const traffic = {
  nobody: () => ({ warm: 0, cold: 0 }),
  'two joins an hour': (minute: number) => ({ warm: (minute + 180) % 30 === 7 ? 1 : 0, cold: 0 }),
  'twelve at eight': (minute: number) =>
    [
      { warm: 1, cold: 5 },
      { warm: 4, cold: 0 },
      { warm: 2, cold: 0 },
    ][minute] ?? { warm: 0, cold: 0 },
  'fifty a second': () => ({ warm: fiftyASecond - 3, cold: 3 }),
} as const;

/** How requests end in environments that had good credentials, and in new ones. */
export interface Ends {
  warm: Served;
  cold: Served;
}

/** Runs the function, whose zip was unpacked in `directory`, in this situation. */
export async function endsIn(directory: string, situation: Situation): Promise<Ends> {
  if (situation.gateway) return { warm: situation.gateway, cold: situation.gateway };
  const store = await startSecretsManager();
  store.put('livekit', JSON.stringify(secret));
  /** An environment of the function. */
  const start = async () => {
    const env = {
      ...store.environment,
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      LIVEKIT_SECRET_ID: 'livekit',
      // A second instead of five minutes.
      ...(situation.store && { CREDENTIALS_MAX_AGE_SECONDS: '1' }),
    };
    const { env: changes, handler = 'handlers/token.handler' } = situation.function ?? {};
    const lambda = await startFunction({ directory, handler, env: { ...env, ...changes } });
    return { lambda, seen: 0 };
  };
  const serve = async (environment: Awaited<ReturnType<typeof start>>): Promise<Served> => {
    const { lambda, seen } = environment;
    const invocation = await lambda.invoke(tokenEvent()).catch(() => undefined);
    if (invocation === undefined) return { status: 500, hasCrashed: true };
    const lines = await vi.waitFor(() => {
      const written = lambda.output.slice(seen);
      if (!/"duration_ms".*\n$/.test(written)) throw new Error('The line is on its way.');
      return written.trim().split('\n');
    });
    environment.seen = lambda.output.length;
    const { statusCode } = v.parse(v.object({ statusCode: v.number() }), invocation.payload);
    return { status: statusCode, lines, durationMs: invocation.durationMs };
  };

  const before = await start();
  try {
    const first = await serve(before);
    if (!situation.store) return { cold: first, warm: await serve(before) };
    situation.store(store);
    await delay(1_100);
    const warm = await serve(before);
    const after = await start();
    const cold = await serve(after);
    await after.lambda.stop();
    return { warm, cold };
  } finally {
    await before.lambda.stop();
    await store.close();
  }
}

/** The minute in which something goes wrong, right after a check; before it all is well. */
export const faultAt = 65;
export const minutes = faultAt + 65;

/** A metric's samples, by its identity. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

/** All that is counted from minute 0 on, as `template` has metric filters for it. */
export function metricsOf(
  template: Template,
  situation: Situation & { ends: Ends },
  well: Ends,
  readers: (minute: number) => { warm: number; cold: number },
): Metrics {
  const metrics = new Map<string, Sample[]>();
  const filters = filtersOf(template).map(({ pattern, ...filter }) => ({
    ...filter,
    matches: filterPattern(pattern),
  }));
  const { Format: format } = v.parse(
    v.object({ Format: v.string() }),
    onlyResource(template, 'AWS::ApiGatewayV2::Stage')['AccessLogSettings'],
  );

  for (let minute = 0; minute < minutes; minute += 1) {
    const count = (metric: string, value: number, times: number) => {
      if (times === 0) return;
      if (!metrics.has(metric)) metrics.set(metric, []);
      metrics.get(metric)?.push({ minute, value, times });
    };
    for (const [served, isNew, times] of requestsIn(minute - faultAt, situation, well, readers)) {
      const { status, lines = [], durationMs, hasCrashed } = served;
      for (const { namespace, name, dimensions, value } of lines.flatMap(metricsIn)) {
        count(identity(namespace, name, dimensions), value, times);
      }
      // What an environment's start and the gateway add on AWS, at most.
      const latencyMs = (durationMs ?? 0) + (isNew ? 1_000 : 50);
      count(identity('AWS/ApiGateway', '5xx', ofGateway), status >= 500 ? 1 : 0, times);
      count(identity('AWS/ApiGateway', 'Latency', ofGateway), latencyMs, times);
      if (durationMs !== undefined || hasCrashed) {
        count(identity('AWS/Lambda', 'Errors', ofFunction), Number(hasCrashed ?? false), times);
      }
      const line = accessLogLine(format, { status, responseLatency: 1 });
      for (const { metric, value, matches } of filters) if (matches(line)) count(metric, value, times);
    }
    if (minute % 5 === 0 && situation.check !== 'does not run') {
      // A crash counts whoever asked, and so does a read that fails. The first check after the fault comes five minutes later.
      const { lines = [], hasCrashed } = (minute > faultAt ? situation.ends : well).warm;
      count(identity('AWS/Lambda', 'Errors', ofFunction), Number(hasCrashed ?? false), 1);
      for (const { namespace, name, value } of lines.flatMap(metricsIn)) {
        if (name === 'failed_reads') count(identity(namespace, name), value, 1);
      }
    }
    const result = minute % 5 === 0 ? resultOfCheck(minute - faultAt, situation) : undefined;
    if (result !== undefined) count(identity(checkName, 'check_failed'), result, 1);
  }
  return metrics;
}

/** The requests of a minute, counted from the fault. */
function requestsIn(
  minute: number,
  { ends, store, isDeployment, others }: Situation & { ends: Ends },
  well: Ends,
  readers: (minute: number) => { warm: number; cold: number },
): (readonly [served: Served, isNew: boolean, times: number])[] {
  const { warm, cold } = readers(minute);
  const isFaulty = minute >= 0;
  const isReplaced = isDeployment === true && minute === 0;
  // Credentials are read at five minutes' age.
  const ofWarm = isFaulty && (!store || minute >= 5) ? ends : well;
  return [
    [isReplaced ? ends.cold : ofWarm.warm, isReplaced, warm],
    [isFaulty ? ends.cold : well.cold, true, cold],
    ...((isFaulty ? others?.(minute) : undefined) ?? []).map(
      ([served, times]) => [served, false, times] as const,
    ),
  ];
}

/** What a check counts, 1 for a failure; `undefined` if it does not run. */
function resultOfCheck(minute: number, { check }: Situation): number | undefined {
  // The first after the fault comes five minutes later.
  if (minute <= 0 || check === undefined) return 0;
  if (check === 'does not run') return undefined;
  return check === 'fails' || minute === 5 ? 1 : 0;
}
