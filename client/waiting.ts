import type { Clock } from '../lib/clock.ts';

export type { Clock };

export const systemClock: Clock = {
  now: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Why a signal was aborted. The `abort-controller` of React Native up to 0.86 does not say: then an `AbortError`. */
export function reasonOf(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? Object.assign(new Error(), { name: 'AbortError' });
}
