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
import { startFunction } from '../../../stand-ins/lambda/runtime-api.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';
import { onlyResource, type Template } from './packaged.ts';
import { checkName, filtersOf, functionName, identity, ofFunction, ofGateway } from './signals.ts';

/** The minute in which something goes wrong, right after a check; before it all is well. */
export const faultAt = 65;
export const minutes = faultAt + 65;

/** How one request ended. */
interface Served {
  status: number;
  /** Of the function. */
  lines?: readonly string[];
  durationMs?: number;
  hasCrashed?: boolean;
}

/** How requests end, and how many. */
type Requests = readonly [served: Served, times: number];

/** How requests end in environments that had good credentials, and in new ones. */
interface Ends {
  warm: Served;
  cold: Served;
}

/** What is wrong from `faultAt` on. */
export interface Situation {
  ends: Ends;
  /** Whether readers' requests end like that at once, not only when their environments' credentials are five minutes old. */
  isSudden?: boolean;
  /** Whether each environment is replaced in the first minute. */
  isDeployment?: boolean;
  /** What the check says; `undefined` if it doesn't run. */
  check: 'passed' | 'failed' | undefined;
  /** How often, if it recovers. */
  failures?: number;
  /** Requests beside the readers', by the minute after the fault. */
  others?: (minute: number) => readonly Requests[];
  /** The status with which the gateway refuses readers. */
  readersGet?: number;
}

const fiftyASecond = 3_000;

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

const secret = {
  LIVEKIT_API_KEY: 'APIkey',
  LIVEKIT_API_SECRET: 'a-secret-of-at-least-32-characters',
  LIVEKIT_WS_URL: 'wss://project.livekit.cloud',
};

/**
 * Runs the packaged function in every situation.
 *
 * @param directory where its zip was unpacked
 */
export async function situationsOf(directory: string): Promise<Record<string, Situation>> {
  const store = await startSecretsManager();
  /** An environment of the function, which lives until `end`. */
  const start = async (env: Readonly<Record<string, string>> = {}, handler = 'handlers/token.handler') => {
    const lambda = await startFunction({
      directory,
      handler,
      env: {
        ...store.environment,
        AWS_LAMBDA_FUNCTION_NAME: functionName,
        LIVEKIT_SECRET_ID: 'livekit',
        // A second instead of five minutes.
        CREDENTIALS_MAX_AGE_SECONDS: '1',
        ...env,
      },
    });
    let seen = 0;
    return {
      serve: async (): Promise<Served> => {
        const invocation = await lambda.invoke(tokenEvent()).catch(() => undefined);
        if (invocation === undefined) return { status: 500, hasCrashed: true };
        const lines = await vi.waitFor(() => {
          const written = lambda.output.slice(seen);
          if (!/"duration_ms".*\n$/.test(written)) throw new Error('The line is on its way.');
          return written.trim().split('\n');
        });
        seen = lambda.output.length;
        const { statusCode } = v.parse(v.object({ statusCode: v.number() }), invocation.payload);
        return { status: statusCode, lines, durationMs: invocation.durationMs };
      },
      end: lambda.stop,
    };
  };
  /** What happens when the store goes wrong under an environment that was well, and to one that starts afterwards. */
  const whenStore = async (goesWrong: (store: SecretsManagerStandIn) => void): Promise<Ends> => {
    store.put('livekit', JSON.stringify(secret));
    const before = await start();
    await before.serve();
    goesWrong(store);
    await delay(1_100);
    const warm = await before.serve();
    const after = await start();
    const cold = await after.serve();
    await Promise.all([before.end(), after.end()]);
    store.recover();
    store.latencyMs = 0;
    return { warm, cold };
  };
  /** What happens in an environment that can't be well. */
  const always = async (env: Readonly<Record<string, string>>, handler?: string): Promise<Ends> => {
    const environment = await start(env, handler);
    const cold = await environment.serve();
    const warm = await environment.serve();
    await environment.end();
    return { warm, cold };
  };

  try {
    store.put('livekit', JSON.stringify(secret));
    const well = await always({ CREDENTIALS_MAX_AGE_SECONDS: '300' });
    const throttled: Served = { status: 503 };
    return {
      'all is well': { ends: well, check: 'passed' },
      'a deployment': { ends: well, check: 'passed', isDeployment: true },
      'Secrets Manager is slow': {
        ends: await whenStore((slow) => {
          slow.latencyMs = 900;
        }),
        check: 'passed',
      },
      'one check fails': { ends: well, check: 'failed', failures: 1 },
      'one client with an old JWT': {
        ends: well,
        check: 'passed',
        others: (minute) => [[{ status: 401 }, minute < 2 ? 3 : 0]],
      },
      'one client that repeats too fast': {
        ends: well,
        check: 'passed',
        others: (minute) => [[{ status: 429 }, minute === 0 ? 9 : 0]],
      },
      'a flood without JWTs': {
        ends: well,
        check: 'passed',
        others: () => [[{ status: 401 }, 0.4 * fiftyASecond]],
      },
      'more requests than the limit': {
        ends: well,
        check: 'passed',
        others: () => [
          [{ status: 401 }, fiftyASecond],
          [{ status: 429 }, fiftyASecond],
        ],
      },
      'the identity provider is down': { ends: well, check: 'passed', readersGet: 401 },
      'the function crashes once': {
        ends: well,
        check: 'passed',
        others: (minute) => [[{ status: 500, hasCrashed: true }, minute === 0 ? 1 : 0]],
      },
      "the secret can't be read": {
        ends: await whenStore((s) => s.failWith('AccessDeniedException')),
        check: 'failed',
      },
      "its KMS key can't be used": {
        ends: await whenStore((s) => s.failWith('DecryptionFailure')),
        check: 'failed',
      },
      'the secret is faulty': { ends: await whenStore((s) => s.put('livekit', '{}')), check: 'failed' },
      "LiveKit's key is deleted": { ends: well, check: 'failed' },
      'a variable is wrong': {
        ends: await always({ LIVEKIT_SECRET_ID: '' }),
        check: 'failed',
        isSudden: true,
      },
      'the function crashes': {
        ends: await always({}, 'handlers/gone.handler'),
        check: 'failed',
        isSudden: true,
      },
      'the function is throttled': {
        ends: { warm: throttled, cold: throttled },
        check: 'failed',
        isSudden: true,
      },
      'the check does not run': { ends: well, check: undefined },
    };
  } finally {
    await store.close();
  }
}

/** A metric's samples, by its identity. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

/** All that is counted from minute 0 on, as `template` has metric filters for it. */
export function metricsOf(
  template: Template,
  situation: Situation,
  well: Ends,
  readers: (minute: number) => { warm: number; cold: number },
): Metrics {
  const metrics = new Map<string, Sample[]>();
  const filters = filtersOf(template).map((filter) => ({
    ...filter,
    matches: filterPattern(filter.pattern),
  }));
  const { Format: format } = v.parse(
    v.object({ Format: v.string() }),
    onlyResource(template, 'AWS::ApiGatewayV2::Stage')['AccessLogSettings'],
  );

  for (let minute = 0; minute < minutes; minute += 1) {
    const count = (metric: string, value: number, times: number) => {
      if (times > 0) metrics.set(metric, [...(metrics.get(metric) ?? []), { minute, value, times }]);
    };
    const countRequests = (
      { status, lines = [], durationMs, hasCrashed }: Served,
      isNew: boolean,
      times: number,
    ) => {
      for (const { namespace, name, dimensions, value } of lines.flatMap(metricsIn)) {
        count(identity(namespace, name, dimensions), value, times);
      }
      count(identity('AWS/ApiGateway', '5xx', ofGateway), status >= 500 ? 1 : 0, times);
      // What an environment's start and the gateway add on AWS, at most.
      count(
        identity('AWS/ApiGateway', 'Latency', ofGateway),
        (durationMs ?? 0) + (isNew ? 1_000 : 50),
        times,
      );
      if (durationMs !== undefined || hasCrashed) {
        count(identity('AWS/Lambda', 'Errors', ofFunction), Number(hasCrashed ?? false), times);
      }
      const line = accessLogLine(format, { status, responseLatency: 1 });
      for (const { metric, value, matches } of filters) if (matches(line)) count(metric, value, times);
    };

    const since = minute - faultAt;
    const isFaulty = since >= 0;
    // Credentials are read at five minutes' age.
    const ends = isFaulty ? situation.ends : well;
    const warm = isFaulty && (since >= 5 || situation.isSudden) ? situation.ends.warm : well.warm;
    const ofReaders = readers(since);
    const isReplaced = situation.isDeployment && since === 0;
    const refusal = isFaulty && situation.readersGet;
    const requests: [Served, boolean, number][] = refusal
      ? [[{ status: refusal }, false, ofReaders.warm + ofReaders.cold]]
      : [
          [isReplaced ? ends.cold : warm, isReplaced ?? false, ofReaders.warm],
          [ends.cold, true, ofReaders.cold],
        ];
    for (const request of requests) countRequests(...request);
    if (isFaulty) {
      for (const [served, times] of situation.others?.(since) ?? []) countRequests(served, false, times);
    }
    // The check after the fault comes five minutes later.
    const isChecked = since > 0 && since <= 5 * (situation.failures ?? minutes);
    const check = isChecked ? situation.check : 'passed';
    if (minute % 5 === 0 && check !== undefined) {
      count(identity(checkName, 'check_failed'), check === 'failed' ? 1 : 0, 1);
    }
  }
  return metrics;
}
