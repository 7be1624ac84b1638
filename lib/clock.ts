/** Time as the function sees it; tests pass in a clock that they advance themselves. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: unlike a monotonic clock it advances while Lambda freezes the process. */
  now: () => number;
  /** Calls `callback` once after `ms` milliseconds. Returns a function that cancels the call. */
  after: (ms: number, callback: () => void) => () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** The value of `promise`; `undefined` if it rejects or `ms` milliseconds pass first. Never rejects. */
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
