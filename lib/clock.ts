/** Time as the function sees it; tests hand in one that they turn themselves. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: unlike a monotonic clock it also counts while Lambda freezes. */
  now: () => number;
  /** Calls back once after `ms` milliseconds, unless cancelled by the function that it returns. */
  after: (ms: number, callback: () => void) => () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** What `promise` brings; `undefined` once it rejects or `ms` milliseconds have passed. Never rejects itself. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    const settle = (value?: T) => {
      cancel();
      resolve(value);
    };
    promise.then(settle, () => settle());
  });
}
