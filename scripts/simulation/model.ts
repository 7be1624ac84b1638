/**
 * A discrete-event model of a join through API Gateway, Lambda and Secrets Manager: each event can schedule later events.
 * Nothing really runs or waits, so a hundred thousand readers take a second.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import TinyQueue from 'tinyqueue';
import { backOff } from '../../client/waiting.ts';
import { TokenBucket } from './token-bucket.ts';

/** Readers who press "Join" at random times within a period. */
export interface Crowd {
  readers: number;
  withinMs: number;
  /** The same seed gives the same run. */
  seed: number;
}

/** A rate, and how many requests may come at once. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** The limits that refuse requests. */
export interface Limits {
  /** The parameters `throttling-rate` and `throttling-burst`. */
  stage: Rate;
  /** API Gateway's quota for all APIs of the account in a region. */
  gateway: Rate;
  /** Requests per second that Lambda accepts: ten for each unit of the concurrency quota. */
  invocations: Rate;
  /** Requests that Lambda runs at a time: the account's quota, or the parameter `reserved-concurrency`. */
  concurrency: number;
  /** How fast Lambda starts environments for one function. */
  scaling: Rate;
  /** Secrets Manager's quota for reads, for the account in a region. */
  storeReads: Rate;
}

/** How long things take, in milliseconds. */
export interface Times {
  /** A request to an environment that has served before. */
  warmMs: number;
  /** The first request of an environment, from its start: the init included. */
  coldMs: number;
  /** The round trip from the client to the gateway. */
  networkMs: number;
  /** When an environment reads the secret again: `CREDENTIALS_MAX_AGE_SECONDS`. */
  credentialsMaxAgeMs: number;
}

/** How the client retries after a 429 or 503: it waits, longer each time, and asks again. */
export interface Retries {
  /** Requests after the first. */
  retries: number;
  /** The upper bound of the first wait, in milliseconds. It doubles with each retry, up to `longestWaitMs`. */
  firstWaitMs: number;
  longestWaitMs: number;
}

export interface Scenario {
  crowd: Crowd;
  limits: Limits;
  times: Times;
  retries: Retries;
}

/** The limits that refuse requests: the first two with a 429, the others with a 503. */
export const limitNames = [
  'stage',
  'gateway',
  'invocations',
  'concurrency',
  'scaling',
  'storeReads',
] as const;
export type LimitName = (typeof limitNames)[number];

export interface Outcome {
  /** The wait of each reader who got a token, from "Join" to the token, in milliseconds; in no particular order. */
  waitsMs: readonly number[];
  /** When the last of them got the token, in milliseconds since the start. */
  lastInMs: number;
  /** Readers whose last attempt was refused too. */
  gaveUp: number;
  refusals: Readonly<Record<LimitName, number>>;
  /** The first limit that refused a request; `undefined` where none did. */
  firstLimit: LimitName | undefined;
  /** Requests that reached the gateway, refused ones included. */
  requests: number;
  /** Requests that reached the function. */
  invocations: number;
  /** Time that Lambda bills, in milliseconds: the init included. */
  billedMs: number;
  /** Environments started. */
  environments: number;
  /** The most requests that ran at a time. */
  peakConcurrency: number;
  storeReads: number;
  /** The most reads within one calendar second. */
  peakReadsPerSecond: number;
}

/** An execution environment of the function. */
interface Environment {
  /** When it read the secret; `undefined` before it has. */
  readAtMs: number | undefined;
}

/** The AWS SDK's standard retries of a throttled read. */
const readAttempts = 3;
const firstReadDelayMs = 100;

/** How much an environment may refresh early, as in lib/secret/credentials-cache.ts. */
const refreshJitter = 0.1;

/** Runs the model until every reader has a token or has given up. */
export function simulate({ crowd, limits, times, retries }: Scenario): Outcome {
  const generator = xoroshiro128plus(crowd.seed);
  const random = () => uniformFloat64(generator);
  const agenda = new TinyQueue<{ atMs: number; run: (nowMs: number) => void }>([], (a, b) => a.atMs - b.atMs);
  const at = (atMs: number, run: (nowMs: number) => void) => agenda.push({ atMs, run });

  const stage = new TokenBucket(limits.stage);
  const gateway = new TokenBucket(limits.gateway);
  const lambda = new TokenBucket(limits.invocations);
  const scaling = new TokenBucket(limits.scaling);
  const store = new TokenBucket(limits.storeReads);
  const idle: Environment[] = [];
  let running = 0;

  const waitsMs: number[] = [];
  const refusals: Record<LimitName, number> = {
    stage: 0,
    gateway: 0,
    invocations: 0,
    concurrency: 0,
    scaling: 0,
    storeReads: 0,
  };
  let firstLimit: LimitName | undefined;
  let lastInMs = 0;
  let gaveUp = 0;
  let requests = 0;
  let invocations = 0;
  let billedMs = 0;
  let environments = 0;
  let peakConcurrency = 0;
  const readsBySecond = new Map<number, number>();

  /** One request of a reader's client, from the moment that it is sent. */
  const attempt = (retry: number, pressedAtMs: number) => (sentAtMs: number) => {
    const admitted = () => (answeredAtMs: number) => {
      lastInMs = Math.max(lastInMs, answeredAtMs);
      waitsMs.push(answeredAtMs - pressedAtMs);
    };
    const refused = (by: LimitName) => (answeredAtMs: number) => {
      refusals[by] += 1;
      firstLimit ??= by;
      if (retry === retries.retries) {
        gaveUp += 1;
        return;
      }
      const waitMs = backOff(retry, retries.firstWaitMs, retries.longestWaitMs, random);
      at(answeredAtMs + waitMs, attempt(retry + 1, pressedAtMs));
    };
    const answer = (nowMs: number, outcome: (answeredAtMs: number) => void) =>
      at(nowMs + times.networkMs / 2, outcome);

    at(sentAtMs + times.networkMs / 2, (nowMs) => {
      requests += 1;
      if (!stage.take(nowMs)) return answer(nowMs, refused('stage'));
      if (!gateway.take(nowMs)) return answer(nowMs, refused('gateway'));
      if (!lambda.take(nowMs)) return answer(nowMs, refused('invocations'));
      if (running >= limits.concurrency) return answer(nowMs, refused('concurrency'));
      const environment = idle.pop() ?? startEnvironment(nowMs);
      if (environment === undefined) return answer(nowMs, refused('scaling'));
      serve(environment, nowMs, (doneAtMs, hasCredentials) =>
        answer(doneAtMs, hasCredentials ? admitted() : refused('storeReads')),
      );
    });
  };

  const startEnvironment = (nowMs: number): Environment | undefined => {
    if (!scaling.take(nowMs)) return undefined;
    environments += 1;
    return { readAtMs: undefined };
  };

  /** Runs one request in an environment, which reads the secret first if that is due. */
  const serve = (
    environment: Environment,
    startedAtMs: number,
    onDone: (doneAtMs: number, hasCredentials: boolean) => void,
  ) => {
    running += 1;
    invocations += 1;
    peakConcurrency = Math.max(peakConcurrency, running);
    const finish = (hasCredentials: boolean) => (nowMs: number) => {
      running -= 1;
      billedMs += nowMs - startedAtMs;
      idle.push(environment);
      onDone(nowMs, hasCredentials);
    };
    const { readAtMs } = environment;
    const isCold = readAtMs === undefined;
    const isDue =
      isCold || startedAtMs - readAtMs >= times.credentialsMaxAgeMs * (1 - refreshJitter * random());
    if (!isDue) {
      at(startedAtMs + times.warmMs, finish(true));
      return;
    }
    const read = (number: number) => (nowMs: number) => {
      const second = Math.floor(nowMs / 1000);
      readsBySecond.set(second, (readsBySecond.get(second) ?? 0) + 1);
      if (store.take(nowMs)) {
        environment.readAtMs = nowMs;
        at(nowMs + (isCold ? times.coldMs : times.warmMs), finish(true));
      } else if (number < readAttempts) {
        at(nowMs + firstReadDelayMs * 2 ** (number - 1) * random(), read(number + 1));
      } else {
        // Without a cached value it refuses at once; with one, it uses the cached value.
        at(nowMs + (isCold ? 0 : times.warmMs), finish(!isCold));
      }
    };
    at(startedAtMs, read(1));
  };

  for (let reader = 0; reader < crowd.readers; reader += 1) {
    const pressedAtMs = crowd.withinMs * random();
    at(pressedAtMs, attempt(0, pressedAtMs));
  }
  for (let next = agenda.pop(); next !== undefined; next = agenda.pop()) next.run(next.atMs);

  const readCounts = [...readsBySecond.values()];
  return {
    waitsMs,
    lastInMs,
    gaveUp,
    refusals,
    firstLimit,
    requests,
    invocations,
    billedMs,
    environments,
    peakConcurrency,
    storeReads: readCounts.reduce((sum, count) => sum + count, 0),
    peakReadsPerSecond: readCounts.reduce((most, count) => Math.max(most, count), 0),
  };
}
