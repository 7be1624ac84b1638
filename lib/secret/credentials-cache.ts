import { type Clock, within } from '../clock.ts';
import type { CredentialsTimes } from '../config.ts';
import { CredentialsUnavailable } from '../problem.ts';

/** A value as it serves a request. */
export interface Served<T> {
  value: T;
  /**
   * When it was read, in milliseconds since the epoch: it is as old as the question, since an answer may lie in a frozen
   * environment for hours.
   */
  readAt: number;
  /** Whether it has reached its maximum age, and serves because nothing newer could be had in time. */
  isPastDue: boolean;
}

/** What a fetch is told. */
export interface FetchOptions {
  /** Aborted when nobody waits any longer. */
  signal: AbortSignal;
  /** Whether a value is in hand that can serve if this fetch brings none. */
  hasGoodValue: boolean;
}

export interface CredentialsCacheOptions<T> {
  /** Reads the value anew. */
  fetch: (options: FetchOptions) => Promise<T>;
  times: CredentialsTimes;
  clock: Clock;
  /** A number from 0 up to, but not including, 1. */
  random: () => number;
  /**
   * Told of every fetch that fails, once: a failure that the last good value covers up must still be seen. Not told of one that
   * a freeze has cut. It may not throw.
   */
  onFailure: (error: unknown) => void;
}

interface Held<T> {
  value: T;
  /** Counts the fetches of this cache: the higher, the newer. */
  number: number;
  readAt: number;
  /** The age at which a refresh is due, in milliseconds. */
  lifetimeMs: number;
}

/** One fetch, shared by everyone who waits for it. */
interface Attempt<T> {
  startedAt: number;
  isPrefetch: boolean;
  brings: Promise<Held<T>>;
  /** Over when this fetch or an earlier one brings something, all have failed, or the patience with them is. Never rejects. */
  patience: Promise<unknown>;
  /** Aborts the fetch. */
  deadline: AbortController;
}

interface Failure {
  at: number;
  error: unknown;
  /** How many there were since the last success. */
  inARow: number;
  /** How long no other fetch is attempted while a good value serves, in milliseconds. */
  backOffMs: number;
}

/** Refreshes fall due up to this part of the maximum age early, so that a fleet started at once drifts apart. */
const jitter = 0.1;

/** The longest back-off, in milliseconds, unless the cooling-down time itself is longer. */
const longestBackOffMs = 60_000;

/** A timer on a busy machine is late by some milliseconds. One that is later than this was frozen. */
const longestTimerDelayMs = 250;

/**
 * Keeps credentials between requests.
 *
 * A value is due for a refresh when it reaches its maximum age, less a little jitter; the next request then fetches. Past that,
 * and until it is too stale, it is still a good value in hand: requests wait for the fetch no longer than their patience, and
 * are then served with it. After failures fetches move apart, further each time.
 *
 * Without a good value all wait for the same fetch, within their budget. If that fails they are refused, and so is everybody
 * during the cooling-down time after it.
 *
 * The prefetch is free of charge to the first request: whether it failed, hangs or was cut by a freeze of the environment,
 * the request still has its own fetch, and no cooling-down counts against it.
 *
 * Lambda freezes an environment as soon as its requests are answered, and with it a fetch that none of them waited for to the
 * end. Such a fetch may still bring something after the thaw. It is not waited for, and its failure counts for nothing. At most
 * two fetches are under way.
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

  /** Starts the first fetch, for init; resolves when it is over, whether or not it brought anything, and never rejects. */
  async prefetch(): Promise<void> {
    const { brings } = this.#start({ isPrefetch: true, budgetMs: this.#options.times.timeoutMs });
    await brings.catch(() => {});
  }

  /**
   * The value, fetched if that is due. Answers within `times.refreshPatienceMs` where a good value is in hand, and within
   * `times.timeoutMs` otherwise.
   *
   * @throws {CredentialsUnavailable} when there is none to be had, with the failed fetch as its cause
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

  /** What is held, unless it is too stale. */
  #goodValue(): Held<T> | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const now = this.#options.clock.now();
    // After a clock was set back nobody knows the value's age. It is due now, and its staleness counts from here.
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
      // Another fetch may have brought something meanwhile.
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

  /** Joins the fetch under way or starts one. Nothing that it waits for goes on after the budget of who asks. */
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
    // The prefetch failed, or it hangs: what is left of the budget is for a fetch of our own beside it.
    const budgetMs = Math.max(halfMs, times.timeoutMs - this.#msSince(askedAt));
    const newest = this.#underWay.at(-1);
    const own = newest === undefined || newest.isPrefetch ? this.#start({ budgetMs }) : newest;
    return Promise.any([attempt.brings, own.brings]);
  }

  /** The newest fetch, if it is under way and was not cut: one that is older than a fetch can be was frozen. */
  #currentAttempt(): Attempt<T> | undefined {
    const newest = this.#underWay.at(-1);
    if (newest === undefined) return undefined;
    return this.#msSince(newest.startedAt) < this.#options.times.timeoutMs ? newest : undefined;
  }

  #start({ isPrefetch = false, budgetMs }: { isPrefetch?: boolean; budgetMs: number }): Attempt<T> {
    const { clock, times, onFailure } = this.#options;
    // Those before the newest were cut by freezes. One may still bring something; two are one too many.
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
        // An attempt that was given up on, like the prefetch, must not hold up those that come after it.
        if (number === this.#attempts && !isPrefetch) this.#rememberFailure(error);
        onFailure(error);
      })
      .finally(() => {
        this.#underWay = this.#underWay.filter((other) => other !== attempt);
      });
    return attempt;
  }

  /** Fetches and keeps what comes, unless something newer is held by then. */
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

  /** With full jitter above the cooling-down time, so that a fleet does not come back to a store all at once. */
  #rememberFailure(error: unknown): void {
    const { clock, random, times } = this.#options;
    const { cooldownMs } = times;
    const inARow = (this.#failure?.inARow ?? 0) + 1;
    const ceilingMs = Math.min(cooldownMs * 2 ** inARow, Math.max(cooldownMs, longestBackOffMs));
    const backOffMs = cooldownMs + random() * (ceilingMs - cooldownMs);
    this.#failure = { at: clock.now(), error, inARow, backOffMs };
  }

  /** After a clock was set back everything counts as long ago: better one fetch too many than none for an hour. */
  #msSince(time: number): number {
    const elapsed = this.#options.clock.now() - time;
    return elapsed < 0 ? Number.POSITIVE_INFINITY : elapsed;
  }
}
