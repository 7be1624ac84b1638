import { TokenError } from './errors.ts';

/**
 * When to try to join again. Time is divided into periods, with one try at a random moment of each. While the gateway refuses because
 * of too many requests, a period is four times as long as the one before: so thousands of readers who are lost together soon ask no
 * faster than the gateway lets them in, and nobody asks often. Otherwise periods grow to ten seconds only, so that a reader is back
 * soon after LiveKit is. In milliseconds, as all times.
 */
const firstMs = 3_000;
const longestMs = 10_000;
const longestBusyMs = 200_000;

/** The first part of each period, without tries: the gateway's burst fills again. */
const rest = 0.05;

/** How long to wait in all. Time asleep, or online again, begins anew or does not count. */
const patienceMs = 600_000;

/** A function that says how long to wait after `error`, the last try's; `undefined` when it is time to give up. */
export function createRejoinSchedule(random: () => number): (error: unknown) => number | undefined {
  let periodMs = 0;
  let leftMs = 0;
  let waitedMs = 0;
  return (error) => {
    const { status, retryAfterMs = 0 } = error instanceof TokenError ? error : {};
    const [factor, mostMs] = status === 429 || status === 503 ? [4, longestBusyMs] : [2, longestMs];
    periodMs = Math.min(Math.max(firstMs, factor * periodMs), mostMs);
    const momentMs = periodMs * (rest + (1 - rest) * random());
    const waitMs = Math.max(leftMs, retryAfterMs) + momentMs;
    leftMs = periodMs - momentMs;
    waitedMs += waitMs;
    return waitedMs > patienceMs ? undefined : waitMs;
  };
}
