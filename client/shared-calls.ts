import { unlessAborted } from './waiting.ts';

interface Call<T> {
  result: Promise<T>;
  callers: number;
  controller: AbortController;
}

/** Calls in progress, by a key: a caller gets the result of the call in progress, if there is one. Results are not kept. */
export class SharedCalls<T> {
  readonly #begin: (key: string, controller: AbortController) => Promise<T>;
  readonly #calls = new Map<string, Call<T>>();

  constructor(begin: (key: string, controller: AbortController) => Promise<T>) {
    this.#begin = begin;
  }

  /**
   * The result of the call in progress, or of a new one. Rejects with the signal's reason when that aborts; the call itself goes on
   * for the others, and its controller is aborted when the last of them has left.
   */
  async join(key: string, signal: AbortSignal = new AbortController().signal): Promise<T> {
    signal.throwIfAborted();
    const call = this.#calls.get(key) ?? this.#start(key);
    call.callers += 1;
    try {
      return await unlessAborted(call.result, signal);
    } finally {
      call.callers -= 1;
      if (call.callers === 0) {
        this.#calls.delete(key);
        call.controller.abort(signal.reason);
      }
    }
  }

  #start(key: string): Call<T> {
    const controller = new AbortController();
    const call = { result: this.#begin(key, controller), callers: 0, controller };
    this.#calls.set(key, call);
    return call;
  }
}
