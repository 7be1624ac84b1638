/**
 * A discrete-event model of a join through API Gateway, Lambda and Secrets Manager: each event can schedule later events.
 * Nothing really runs or waits, so a hundred thousand readers take a second.
 */
import TinyQueue from 'tinyqueue';
import { TokenError } from '../../client/errors.ts';
import { createSchedule, type Growth, type Schedule } from '../../client/schedule.ts';

/** A rate, and how many requests may come at once. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** The limits that refuse requests: the first two with a 429, the others with a 503. */
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
}
export type LimitName = keyof Limits;

export interface Scenario {
  /** Readers who press "Join" at random times within a period. The same seed gives the same run. */
  crowd: { readers: number; withinMs: number; seed: number };
  limits: Limits;
  times: {
    /** A request to an environment that has served before. */
    warmMs: number;
    /** The first request of an environment, from its start: the init included. */
    coldMs: number;
    /** The round trip from the client to the gateway. */
    networkMs: number;
  };
  /** How often the client tries again after a 429 or 503, and how the waits grow. */
  retries: { most: number; growth: Growth; patienceMs: number };
}

export interface Outcome {
  /** The wait of each reader who got a token, from "Join" to the token, in milliseconds; in no particular order. */
  waitsMs: number[];
  /** When the last of them got the token, in milliseconds since the start. */
  lastInMs: number;
  /** Readers whose last attempt was refused too. */
  gaveUp: number;
  refusals: Record<LimitName, number>;
  firstLimit: LimitName | undefined;
  /** Those that reached the gateway, refused ones included, and those of them that reached the function. */
  requests: number;
  invocations: number;
  /** Time that Lambda bills, in milliseconds: the init included. */
  billedMs: number;
  /** Those started: each reads the secret once. */
  environments: number;
  /** The most requests that ran at a time. */
  peakConcurrency: number;
}

/** Runs the model until every reader has a token or has given up. */
export function simulate({ crowd, limits, times, retries }: Scenario): Outcome {
  const random = randomFrom(crowd.seed);
  const agenda = new TinyQueue<{ atMs: number; run: (nowMs: number) => void }>([], (a, b) => a.atMs - b.atMs);
  const at = (atMs: number, run: (nowMs: number) => void) => agenda.push({ atMs, run });

  const stage = tokenBucket(limits.stage);
  const gateway = tokenBucket(limits.gateway);
  const lambda = tokenBucket(limits.invocations);
  const scaling = tokenBucket(limits.scaling);
  /** Environments that run a request, and those that wait for one. */
  let [running, idle] = [0, 0];
  const outcome: Outcome = {
    ...{ waitsMs: [], lastInMs: 0, gaveUp: 0, firstLimit: undefined },
    refusals: { stage: 0, gateway: 0, invocations: 0, concurrency: 0, scaling: 0 },
    ...{ requests: 0, invocations: 0, billedMs: 0, environments: 0, peakConcurrency: 0 },
  };

  /** The limit that refuses a request which arrives now. */
  const limitAt = (nowMs: number): LimitName | undefined => {
    if (!stage(nowMs)) return 'stage';
    if (!gateway(nowMs)) return 'gateway';
    if (!lambda(nowMs)) return 'invocations';
    if (running >= limits.concurrency) return 'concurrency';
    return idle === 0 && !scaling(nowMs) ? 'scaling' : undefined;
  };

  const refusal = new TokenError('gateway_throttled', { status: 429 });
  const halfWayMs = times.networkMs / 2;
  /** One request of a reader's client, from the moment that it is sent. */
  const send = (pressedAtMs: number, next: Schedule, sentAtMs = pressedAtMs, retry = 0) =>
    at(sentAtMs + halfWayMs, (nowMs) => {
      outcome.requests += 1;
      const limit = limitAt(nowMs);
      if (limit !== undefined) {
        outcome.refusals[limit] += 1;
        outcome.firstLimit ??= limit;
        const waitMs = next(refusal);
        if (retry === retries.most || waitMs === undefined) outcome.gaveUp += 1;
        else send(pressedAtMs, next, nowMs + halfWayMs + waitMs, retry + 1);
        return;
      }
      const tookMs = idle === 0 ? times.coldMs : times.warmMs;
      if (idle === 0) outcome.environments += 1;
      else idle -= 1;
      running += 1;
      outcome.invocations += 1;
      outcome.billedMs += tookMs;
      outcome.peakConcurrency = Math.max(outcome.peakConcurrency, running);
      at(nowMs + tookMs, (answeredAtMs) => {
        running -= 1;
        idle += 1;
        outcome.lastInMs = answeredAtMs + halfWayMs;
        outcome.waitsMs.push(outcome.lastInMs - pressedAtMs);
      });
    });

  for (let reader = 0; reader < crowd.readers; reader += 1) {
    const next = createSchedule(random, retries.patienceMs, retries.growth, retries.growth);
    send(crowd.withinMs * random(), next);
  }
  for (let next = agenda.pop(); next !== undefined; next = agenda.pop()) next.run(next.atMs);
  return outcome;
}

/** As API Gateway and Lambda limit rates: full at the start. Takes one token, if there is one at this time, never earlier than before. */
export function tokenBucket({ perSecond, burst }: Rate): (atMs: number) => boolean {
  let tokens = burst;
  let filledAtMs = 0;
  return (atMs) => {
    tokens = Math.min(burst, tokens + ((atMs - filledAtMs) / 1000) * perSecond);
    filledAtMs = atMs;
    // The tolerance allows for rounding errors.
    const isTaken = tokens >= 1 - 1e-9;
    if (isTaken) tokens -= 1;
    return isTaken;
  };
}

/** Numbers from 0 up to, but not including, 1, which look random: "mulberry32". */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
