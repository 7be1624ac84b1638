import TinyQueue from 'tinyqueue';
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

/** `number` is the place among all, for those that are due at the same time. */
interface Timer {
  at: number;
  number: number;
  callback: () => void;
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  let set = 0;
  let count = 0;
  const agenda = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.number - b.number);
  const timers = new Set<Timer>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => now + set,
    after: (ms, callback) => {
      count += 1;
      const timer = { at: now + ms, number: count, callback };
      agenda.push(timer);
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      await settle();
      const end = now + ms;
      for (let next = agenda.peek(); next !== undefined && next.at <= end; next = agenda.peek()) {
        agenda.pop();
        if (!timers.delete(next)) continue;
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
