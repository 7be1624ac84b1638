import { type Clock, within } from '../clock.ts';
import type { CredentialsTimes } from '../config.ts';
import { CredentialsUnavailable } from '../problem.ts';

/** A value and when it was read: it is as old as the question, since an answer may lie in a frozen environment for hours. */
export interface Held<T> {
  value: T;
  /** Milliseconds since the epoch. */
  readAt: number;
}

export interface CredentialsCacheOptions<T> {
  /** Reads the value anew; told by the signal when nobody waits any longer. */
  fetch: (signal: AbortSignal) => Promise<T>;
  times: CredentialsTimes;
  clock: Clock;
  /** A number from 0 up to, but not including, 1. */
  random: () => number;
  /**
   * Told of every fetch that fails, once: a failure that the last good value covers up must still be seen. It may not throw.
   */
  onFailure: (error: unknown) => void;
}

/** One fetch, shared by everyone who waits for it. */
interface Attempt<T> {
  /** Counts the fetches of this cache: the higher, the newer. */
  number: number;
  startedAt: number;
  isPrefetch: boolean;
  brings: Promise<Held<T>>;
}

/** Refreshes fall due up to this part of the maximum age early, so that a fleet started at once drifts apart. */
const jitter = 0.1;

/**
 * Keeps credentials between requests.
 *
 * It is `fresh` from a fetch until its maximum age, less a little jitter. Then the next request fetches, and all that come
 * meanwhile wait for the same fetch. Nothing runs after a request is answered, because Lambda would freeze it halfway. After
 * a failed fetch it is `coolingDown` for a while: the last good value serves, if it is not too stale, and otherwise requests
 * fail at once.
 *
 * The prefetch is free of charge to the first request: whether it failed, hangs or was cut by a freeze of the environment,
 * the request still has its own fetch, and no cooling-down counts against it.
 */
export class CredentialsCache<T> {
  readonly #options: CredentialsCacheOptions<T>;
  #held: (Held<T> & { number: number; lifetimeMs: number }) | undefined;
  #attempt: Attempt<T> | undefined;
  #attempts = 0;
  #failure: { at: number; error: unknown } | undefined;

  constructor(options: CredentialsCacheOptions<T>) {
    this.#options = options;
  }

  /** Starts the first fetch, for init; resolves when it is over, whether or not it brought anything, and never rejects. */
  async prefetch(): Promise<void> {
    const { brings } = this.#start({ isPrefetch: true, budgetMs: this.#options.times.timeoutMs });
    await brings.catch(() => {});
  }

  /** Whether a value is held that is not due for a refresh. */
  get fresh(): boolean {
    return this.#isServable({ pastDueMs: 0 });
  }

  /** Whether the last fetch failed so short a time ago that none is attempted yet. */
  get coolingDown(): boolean {
    return this.#failure !== undefined && this.#msSince(this.#failure.at) < this.#options.times.cooldownMs;
  }

  /**
   * The value, fetched if that is due; answers within the budget of `times.timeoutMs`.
   *
   * @throws {CredentialsUnavailable} when there is none to be had, with the failed fetch as its cause
   */
  async get(): Promise<Held<T>> {
    if (this.#held !== undefined && this.fresh) return this.#held;
    if (this.coolingDown) return this.#lastGood();
    return this.#reload().catch(() => this.#lastGood());
  }

  #lastGood(): Held<T> {
    const { maxStalenessMs, cooldownMs } = this.#options.times;
    if (this.#held !== undefined && this.#isServable({ pastDueMs: maxStalenessMs })) return this.#held;
    const cooledMs = this.#failure === undefined ? 0 : this.#msSince(this.#failure.at);
    throw new CredentialsUnavailable(Math.max(1, Math.ceil((cooldownMs - cooledMs) / 1000)), {
      cause: this.#failure?.error,
    });
  }

  /** Joins the fetch under way or starts one. Nothing that it waits for goes on after the budget of who asks. */
  async #reload(): Promise<Held<T>> {
    const { clock, times } = this.#options;
    const attempt = this.#attempt;
    // Older than a fetch can be: a freeze has cut it.
    const isCut = attempt !== undefined && this.#msSince(attempt.startedAt) >= times.timeoutMs;
    if (attempt === undefined || isCut) {
      return this.#start({ isPrefetch: false, budgetMs: times.timeoutMs }).brings;
    }
    if (!attempt.isPrefetch) return attempt.brings;

    const askedAt = clock.now();
    const prefetched = await within(clock, times.timeoutMs / 2, attempt.brings);
    if (prefetched !== undefined || this.coolingDown) return prefetched ?? attempt.brings;
    // The prefetch failed, or it hangs: what is left of the budget is for a fetch of our own beside it.
    const budgetMs = times.timeoutMs - this.#msSince(askedAt);
    const current = this.#attempt;
    const own =
      current === undefined || current.isPrefetch ? this.#start({ isPrefetch: false, budgetMs }) : current;
    return Promise.any([attempt.brings, own.brings]);
  }

  #start({ isPrefetch, budgetMs }: { isPrefetch: boolean; budgetMs: number }): Attempt<T> {
    const number = ++this.#attempts;
    const startedAt = this.#options.clock.now();
    const brings = this.#fetched({ number, startedAt, budgetMs });
    const attempt: Attempt<T> = { number, startedAt, isPrefetch, brings };
    this.#attempt = attempt;
    brings
      .catch((error: unknown) => {
        // An attempt that was given up on, like the prefetch, must not hold up those that come after it.
        if (this.#attempt === attempt && !isPrefetch) {
          this.#failure = { at: this.#options.clock.now(), error };
        }
        this.#options.onFailure(error);
      })
      .finally(() => {
        if (this.#attempt === attempt) this.#attempt = undefined;
      });
    return attempt;
  }

  /** Fetches and keeps what comes, unless something newer is held by then. */
  async #fetched(attempt: { number: number; startedAt: number; budgetMs: number }): Promise<Held<T>> {
    const { number, startedAt, budgetMs } = attempt;
    const { fetch, times, clock, random } = this.#options;
    const overdue = new AbortController();
    let cancel = () => {};
    const deadline = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(budgetMs, () => {
        const late = new Error(`The credentials were not fetched within ${budgetMs} ms.`);
        reject(late);
        overdue.abort(late);
      });
    });
    try {
      const value = await Promise.race([fetch(overdue.signal), deadline]);
      if (this.#held !== undefined && this.#held.number > number) return this.#held;
      this.#held = { value, number, readAt: startedAt, lifetimeMs: times.maxAgeMs * (1 - jitter * random()) };
      this.#failure = undefined;
      return this.#held;
    } finally {
      cancel();
    }
  }

  #isServable({ pastDueMs }: { pastDueMs: number }): boolean {
    return this.#held !== undefined && this.#msSince(this.#held.readAt) < this.#held.lifetimeMs + pastDueMs;
  }

  /** After a clock was set back everything counts as long ago: better one fetch too many than none for an hour. */
  #msSince(time: number): number {
    const elapsed = this.#options.clock.now() - time;
    return elapsed < 0 ? Number.POSITIVE_INFINITY : elapsed;
  }
}
