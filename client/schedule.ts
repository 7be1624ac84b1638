import { isOffline } from './environment.ts';
import type { TokenError } from './errors.ts';

/** How the longest wait grows: by which factor, from what, and up to what, in milliseconds. */
export type Growth = readonly [factor: number, firstMs: number, lastMs: number];

/** How long to wait after `error`, the last try's, in milliseconds; `undefined` when it is no use to try again. */
export type Schedule = (error: unknown) => number | undefined;

/**
 * When to try again: after random waits that grow, with what `Retry-After` names. While the gateway refuses because of too many
 * requests, each wait is longer than the one before can have been: of thousands of readers who are refused together, all ask once
 * before the first asks again, over a longer time, until they ask no faster than the gateway lets them in.
 *
 * @param patienceMs how long to wait in all; time offline does not count
 * @param busy instead of `usual` while the gateway refuses
 */
export function createSchedule(
  random: () => number,
  patienceMs: number,
  usual: Growth,
  busy = usual,
): Schedule {
  let longestMs = 0;
  let waitedMs = 0;
  return (error) => {
    const { status, retryAfterMs = 0, isWorthRetrying = true }: Partial<TokenError> = Object(error);
    const isBusy = status === 429 || status === 503;
    const shortestMs = isBusy ? longestMs : 0;
    const [factor, firstMs, lastMs] = isBusy ? busy : usual;
    longestMs = Math.min(Math.max(firstMs, factor * longestMs), lastMs);
    const waitMs = Math.max(shortestMs, retryAfterMs) + (longestMs - shortestMs) * random();
    waitedMs = isOffline() ? 0 : waitedMs + waitMs;
    return isWorthRetrying && waitedMs < patienceMs ? waitMs : undefined;
  };
}
