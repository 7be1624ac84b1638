import type { Clock } from '../../lib/clock.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms` milliseconds, runs the timers that are due, and waits until all settled promises have continued. */
  advance: (ms: number) => Promise<void>;
  /** Time passes, but nothing runs, as in a frozen Lambda environment: timers that became due meanwhile have not fired yet. */
  freeze: (ms: number) => void;
  /** Sets the wall clock on by `ms` milliseconds, or back; timers know nothing of it. */
  set: (ms: number) => void;
  /** Lets everything that is ready run, without time passing. */
  settle: () => Promise<void>;
  /** How many timers are set. */
  pending: () => number;
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  let set = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => now + set,
    after: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      await settle();
      const end = now + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
    },
    freeze: (ms) => {
      now += ms;
    },
    set: (ms) => {
      set += ms;
    },
    settle,
    pending: () => timers.size,
  };
}
