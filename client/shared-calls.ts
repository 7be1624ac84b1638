import { reasonOf, unlessAborted } from './waiting.ts';

interface Call<T> {
  result: Promise<T>;
  callers: number;
  controller: AbortController;
}

/**
 * Shares calls in progress: who comes with the key of one gets its result, who comes with another begins a call. Results are not
 * kept. A caller's rejection with their signal's reason does not end the call; it is aborted when the last caller has left.
 */
export function createSharedCalls<T>() {
  const calls = new Map<string, Call<T>>();
  return async (key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (signal.aborted) throw reasonOf(signal);
    let call = calls.get(key);
    if (call === undefined) {
      const controller = new AbortController();
      call = { result: begin(controller.signal), callers: 0, controller };
      calls.set(key, call);
    }
    call.callers += 1;
    try {
      return await unlessAborted(call.result, signal);
    } finally {
      call.callers -= 1;
      if (call.callers === 0) {
        calls.delete(key);
        call.controller.abort();
      }
    }
  };
}
