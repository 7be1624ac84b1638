/** The client's clock; a test passes one that it controls. */
export interface Clock {
  /** Milliseconds since the epoch. */
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

/**
 * How long to wait before the next try, in milliseconds: `firstMs` doubled with each try before it, up to `longestMs`, and of
 * that a random part between a half and the whole, so that clients that failed together don't retry together.
 */
export function backOff(
  triesBefore: number,
  firstMs: number,
  longestMs: number,
  random: () => number,
): number {
  return Math.min(longestMs, firstMs * 2 ** triesBefore) * (0.5 + random() / 2);
}

/** A signal that nobody aborts. */
export const never = (): AbortSignal => new AbortController().signal;

/** Why a signal was aborted. The `abort-controller` of React Native up to 0.86 does not say: then an `AbortError`. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? Object.assign(new Error(), { name: 'AbortError' });
}

/** The result of `promise`, or a rejection with the signal's reason as soon as that aborts. */
export function unlessAborted<T>(promise: Promise<T> | T, signal: AbortSignal): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(reasonOf(signal));
  });
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return Promise.race([aborted, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as that aborts, and then cancels its timer. */
export function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  let cancel = () => {};
  const passed = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  return unlessAborted(passed, signal).finally(cancel);
}
