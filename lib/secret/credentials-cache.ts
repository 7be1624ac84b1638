import { type Clock, within } from '../clock.ts';
import { CredentialsUnavailable } from '../problem.ts';

/** How long credentials are kept and waited for, in milliseconds. */
export interface CredentialsTimes {
  /** Age at which a refresh is due. */
  maxAgeMs: number;
  /** How long after that the last good value may still be used while refreshes fail. */
  maxStalenessMs: number;
  /** The shortest time between two attempts after a failure. */
  cooldownMs: number;
  /** The longest that a request without a good value waits for a fetch, retries included. */
  timeoutMs: number;
  /** The longest that a request with a good value in hand waits for a refresh. */
  refreshPatienceMs: number;
}

/** A value that a request uses. */
export interface Served<T> {
  value: T;
  /**
   * When the read of it started, in milliseconds since the epoch. Not when the answer was processed: that can be hours after
   * it was sent, if the environment was frozen in between.
   */
  readAt: number;
  /** Whether it has reached its maximum age, and is used because a refresh did not succeed in time. */
  isPastDue: boolean;
}

/** Options of a fetch. */
export interface FetchOptions {
  /** Aborted when no request waits any longer. */
  signal: AbortSignal;
  /** Whether the cache holds a value that can be used if this fetch fails. */
  hasGoodValue: boolean;
}

export interface CredentialsCacheOptions<T> {
  /** Reads the value again. */
  fetch: (options: FetchOptions) => Promise<T>;
  times: CredentialsTimes;
  clock: Clock;
  /** A number from 0 up to, but not including, 1. */
  random: () => number;
  /**
   * Called once for every fetch that fails, also if the last good value hides the failure from requests. Not called for a fetch
   * that a freeze interrupted. It must not throw.
   */
  onFailure: (error: unknown) => void;
}

interface Held<T> {
  value: T;
  /** The number of its fetch: the higher, the newer. */
  number: number;
  readAt: number;
  /** The age at which a refresh is due, in milliseconds. */
  lifetimeMs: number;
}

/** One fetch, shared by all requests that wait for it. */
interface Attempt<T> {
  startedAt: number;
  isPrefetch: boolean;
  brings: Promise<Held<T>>;
  /** Resolves when this fetch or an earlier one succeeds, when all have failed, or after `refreshPatienceMs`. Never rejects. */
  patience: Promise<unknown>;
  /** Aborts the fetch. */
  deadline: AbortController;
}

interface Failure {
  at: number;
  error: unknown;
  /** The number of failures since the last success. */
  inARow: number;
  /** How long no other fetch is attempted while there is a good value, in milliseconds. */
  backOffMs: number;
}

/** Refreshes are due earlier than the maximum age by up to this fraction, so that environments started together spread out. */
const jitter = 0.1;

/** The longest back-off, in milliseconds, unless the cooldown itself is longer. */
const longestBackOffMs = 60_000;

/** On a busy machine a timer fires some milliseconds late. If it is later than this, the environment was frozen. */
const longestTimerDelayMs = 250;

/**
 * Keeps credentials between requests.
 *
 * A value is due for a refresh when it reaches its maximum age, less a little jitter; the next request then fetches. Until the
 * value is too stale, it remains a good value: requests wait for the fetch no longer than `refreshPatienceMs`, and then use the
 * old value. After each further failure the time until the next fetch grows.
 *
 * Without a good value all requests wait for the same fetch, at most `timeoutMs`. If it fails they are refused, and so are all
 * requests during the cooldown after it.
 *
 * The prefetch never costs the first request its own fetch: if the prefetch failed, hangs or was interrupted by a freeze of the
 * environment, the request still fetches, without a cooldown.
 *
 * Lambda freezes an environment as soon as its requests are answered. That interrupts a fetch which a request no longer waited
 * for. Such a fetch may still succeed after the thaw, but no request waits for it, and its failure is ignored. At most two
 * fetches are under way.
 */
export class CredentialsCache<T> {
  readonly #options: CredentialsCacheOptions<T>;
  #held: Held<T> | undefined;
  #failure: Failure | undefined;
  #attempts = 0;
  /** The oldest first. */
  #underWay: readonly Attempt<T>[] = [];

  constructor(options: CredentialsCacheOptions<T>) {
    this.#options = options;
  }

  /** Starts the first fetch, for init. Resolves when it has succeeded or failed; never rejects. */
  async prefetch(): Promise<void> {
    const { brings } = this.#start({ isPrefetch: true, budgetMs: this.#options.times.timeoutMs });
    await brings.catch(() => {});
  }

  /**
   * The value, fetched if a refresh is due. Answers within `times.refreshPatienceMs` if there is a good value, else within
   * `times.timeoutMs`.
   *
   * @throws {CredentialsUnavailable} if there is no good value and none could be fetched; its cause is the fetch's error
   */
  async get(): Promise<Served<T>> {
    const good = this.#goodValue();
    if (good === undefined) return this.#serve(await this.#fetchOrRefuse());
    if (!this.#isPastDue(good) || this.#failedWithin(this.#failure?.backOffMs)) return this.#serve(good);
    const attempt = this.#currentAttempt() ?? this.#start({ budgetMs: this.#options.times.timeoutMs });
    await attempt.patience;
    return this.#serve(this.#goodValue() ?? good);
  }

  #serve(held: Held<T>): Served<T> {
    return { value: held.value, readAt: held.readAt, isPastDue: this.#isPastDue(held) };
  }

  /** The held value, unless it is too stale. */
  #goodValue(): Held<T> | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const now = this.#options.clock.now();
    // The clock was set back, so the value's age is unknown. It is due now, and its staleness counts from now.
    if (now < held.readAt) held.readAt = now - held.lifetimeMs;
    return now - held.readAt < held.lifetimeMs + this.#options.times.maxStalenessMs ? held : undefined;
  }

  #isPastDue({ readAt, lifetimeMs }: Held<T>): boolean {
    return this.#msSince(readAt) >= lifetimeMs;
  }

  #failedWithin(ms = 0): boolean {
    return this.#failure !== undefined && this.#msSince(this.#failure.at) < ms;
  }

  async #fetchOrRefuse(): Promise<Held<T>> {
    const { cooldownMs } = this.#options.times;
    if (this.#failedWithin(cooldownMs)) throw this.#refusal(this.#failure?.error);
    try {
      return await this.#fetched();
    } catch (error) {
      // Another fetch may have succeeded in the meantime.
      const good = this.#goodValue();
      if (good !== undefined) return good;
      throw this.#refusal(this.#failure?.error ?? error);
    }
  }

  #refusal(cause: unknown): CredentialsUnavailable {
    const { cooldownMs } = this.#options.times;
    const cooledMs = this.#failure === undefined ? 0 : this.#msSince(this.#failure.at);
    return new CredentialsUnavailable(Math.max(1, Math.ceil((cooldownMs - cooledMs) / 1000)), { cause });
  }

  /** Joins the fetch under way or starts one. It waits no longer than the caller's budget. */
  async #fetched(): Promise<Held<T>> {
    const { clock, times } = this.#options;
    const attempt = this.#currentAttempt();
    if (attempt === undefined) return this.#start({ budgetMs: times.timeoutMs }).brings;
    if (!attempt.isPrefetch) return attempt.brings;

    const askedAt = clock.now();
    const halfMs = times.timeoutMs / 2;
    const prefetched = await within(clock, halfMs, attempt.brings);
    if (prefetched !== undefined) return prefetched;
    if (this.#failedWithin(times.cooldownMs)) return attempt.brings;
    // The prefetch failed or hangs: the rest of the budget is for a second fetch of our own, in parallel.
    const budgetMs = Math.max(halfMs, times.timeoutMs - this.#msSince(askedAt));
    const newest = this.#underWay.at(-1);
    const own = newest === undefined || newest.isPrefetch ? this.#start({ budgetMs }) : newest;
    return Promise.any([attempt.brings, own.brings]);
  }

  /** The newest fetch, if it is under way and no freeze interrupted it: if it is older than `timeoutMs`, one did. */
  #currentAttempt(): Attempt<T> | undefined {
    const newest = this.#underWay.at(-1);
    if (newest === undefined) return undefined;
    return this.#msSince(newest.startedAt) < this.#options.times.timeoutMs ? newest : undefined;
  }

  #start({ isPrefetch = false, budgetMs }: { isPrefetch?: boolean; budgetMs: number }): Attempt<T> {
    const { clock, times, onFailure } = this.#options;
    // Freezes interrupted these fetches. The newest may still succeed; the earlier ones are aborted.
    for (const { deadline } of this.#underWay.slice(0, -1))
      deadline.abort(new Error('A freeze has cut the fetch.'));
    const number = ++this.#attempts;
    const startedAt = clock.now();
    const deadline = new AbortController();
    const brings = this.#fetch({ number, startedAt, budgetMs, deadline });
    const any = Promise.any([brings, ...this.#underWay.map((earlier) => earlier.brings)]);
    const patience = within(clock, times.refreshPatienceMs, any);
    const attempt: Attempt<T> = { startedAt, isPrefetch, brings, patience, deadline };
    this.#underWay = [...this.#underWay, attempt];
    brings
      .catch((error: unknown) => {
        if (this.#msSince(startedAt) > budgetMs + longestTimerDelayMs) return;
        // The failure of the prefetch, or of a fetch that a newer one has followed, must not delay the next fetch.
        if (number === this.#attempts && !isPrefetch) this.#rememberFailure(error);
        onFailure(error);
      })
      .finally(() => {
        this.#underWay = this.#underWay.filter((other) => other !== attempt);
      });
    return attempt;
  }

  /** Fetches a value and keeps it, unless the cache holds a newer one by then. */
  async #fetch(attempt: {
    number: number;
    startedAt: number;
    budgetMs: number;
    deadline: AbortController;
  }): Promise<Held<T>> {
    const { number, startedAt, budgetMs, deadline } = attempt;
    const { fetch, times, clock, random } = this.#options;
    const { signal } = deadline;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    const cancel = clock.after(budgetMs, () => {
      deadline.abort(new Error(`The credentials were not fetched within ${budgetMs} ms.`));
    });
    try {
      const hasGoodValue = this.#goodValue() !== undefined;
      const value = await Promise.race([fetch({ signal, hasGoodValue }), aborted]);
      if (this.#held !== undefined && this.#held.number > number) return this.#held;
      this.#held = { value, number, readAt: startedAt, lifetimeMs: times.maxAgeMs * (1 - jitter * random()) };
      this.#failure = undefined;
      return this.#held;
    } finally {
      cancel();
    }
  }

  /** With full jitter above the cooldown, so that environments do not all return to Secrets Manager at once. */
  #rememberFailure(error: unknown): void {
    const { clock, random, times } = this.#options;
    const { cooldownMs } = times;
    const inARow = (this.#failure?.inARow ?? 0) + 1;
    const ceilingMs = Math.min(cooldownMs * 2 ** inARow, Math.max(cooldownMs, longestBackOffMs));
    const backOffMs = cooldownMs + random() * (ceilingMs - cooldownMs);
    this.#failure = { at: clock.now(), error, inARow, backOffMs };
  }

  /** After the clock was set back, every time counts as long ago: one fetch too many is better than none for an hour. */
  #msSince(time: number): number {
    const elapsed = this.#options.clock.now() - time;
    return elapsed < 0 ? Number.POSITIVE_INFINITY : elapsed;
  }
}
