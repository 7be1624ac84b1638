/**
 * The cache against any order of events: requests, bursts, time, freezes, a clock that is set, and a store that is slow, errs or
 * hangs. A run is told by its seed, and a failing one is shrunk to the few events that it takes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { CredentialsCache } from '../../../lib/secret/credentials-cache.ts';
import { manualClock } from '../../support/manual-clock.ts';

const { credentials: times } = parseConfig({ LIVEKIT_SECRET_ID: 'booky/livekit' });
const longestBackOffMs = 60_000;
/** From where on a fetch that ends late was cut by a freeze. */
const cutAfterMs = times.timeoutMs + 250;

/** What the cache should do, and what it did. The value that a fetch brings is its number: the higher, the newer. */
class World {
  readonly clock = manualClock();
  readonly cache: CredentialsCache<number>;
  store: { behaviour: 'answers' | 'errs' | 'hangs'; latencyMs: number } = {
    behaviour: 'answers',
    latencyMs: 20,
  };
  readonly #lifetimeMs: number;
  readonly #random: number;
  /** Fetches that have neither ended nor been aborted. */
  readonly underWay = new Set<number>();
  waiting = 0;
  #started = 0;
  #good: { value: number; readAt: number } | undefined;
  #failure: { at: number; inARow: number } | undefined;
  readonly violations: string[] = [];

  constructor(random: number) {
    this.#random = random;
    this.#lifetimeMs = times.maxAgeMs * (1 - 0.1 * random);
    this.cache = new CredentialsCache({
      fetch: ({ signal, hasGoodValue }) => this.#fetch(signal, hasGoodValue),
      times,
      clock: this.clock,
      random: () => random,
      onFailure: () => {},
    });
  }

  /** A good value in hand now. After a clock was set back it is due, and its staleness counts from here. */
  good() {
    const good = this.#good;
    const now = this.clock.now();
    if (good !== undefined && now < good.readAt) good.readAt = now - this.#lifetimeMs;
    return good && now - good.readAt < this.#lifetimeMs + times.maxStalenessMs ? good : undefined;
  }

  async request(): Promise<void> {
    const good = this.good();
    const { clock } = this;
    // Not the wall clock, which may be set meanwhile.
    let waitedMs = 0;
    const bound = good === undefined ? times.timeoutMs : times.refreshPatienceMs;
    const stop = clock.after(bound + 1, () => {
      waitedMs = bound + 1;
    });
    this.waiting += 1;
    try {
      const { value, readAt } = await this.cache.get();
      this.#check(value >= (good?.value ?? 1), 'a token was signed with an older value than the one in hand');
      const isGood = clock.now() - readAt < this.#lifetimeMs + times.maxStalenessMs + bound;
      this.#check(isGood, 'a token was signed with a value that is too stale');
    } catch {
      this.#check(good === undefined, 'a request failed while a good value was in hand');
    } finally {
      // The cache has looked at the clock too: a value from the future is now due.
      this.good();
      stop();
      this.waiting -= 1;
      this.#check(waitedMs <= bound, `a request waited longer than ${bound} ms`);
    }
  }

  async #fetch(signal: AbortSignal, hasGoodValue: boolean): Promise<number> {
    const number = ++this.#started;
    const startedAt = this.clock.now();
    this.#check(hasGoodValue === (this.good() !== undefined), 'a fetch was not told what is in hand');
    this.#checkCooldown();
    this.underWay.add(number);
    this.#check(this.underWay.size <= 2, 'more than two fetches were under way');
    const isPrefetch = number === 1;
    const fail = () => {
      const tookMs = this.clock.now() - startedAt;
      const wasCut = tookMs < 0 || tookMs > cutAfterMs;
      if (!this.underWay.delete(number) || isPrefetch || number !== this.#started || wasCut) return;
      this.#failure = { at: this.clock.now(), inARow: (this.#failure?.inARow ?? 0) + 1 };
    };
    signal.addEventListener('abort', fail);
    try {
      await this.#answer(signal);
    } catch (error) {
      fail();
      throw error;
    }
    this.underWay.delete(number);
    this.#failure = undefined;
    if (number > (this.#good?.value ?? 0)) this.#good = { value: number, readAt: startedAt };
    return number;
  }

  #checkCooldown(): void {
    if (this.#failure === undefined) return;
    const { at, inARow } = this.#failure;
    const { cooldownMs } = times;
    const ceilingMs = Math.min(cooldownMs * 2 ** inARow, longestBackOffMs);
    const waitMs =
      this.good() === undefined ? cooldownMs : cooldownMs + this.#random * (ceilingMs - cooldownMs);
    const sinceMs = this.clock.now() - at;
    this.#check(sinceMs < 0 || sinceMs >= waitMs, 'a fetch was started within the cooling-down time');
  }

  #answer(signal: AbortSignal): Promise<void> {
    const { behaviour, latencyMs } = this.store;
    return new Promise((resolve, reject) => {
      const end = behaviour === 'errs' ? () => reject(new Error('The store errs.')) : resolve;
      const cancel = behaviour === 'hangs' ? () => {} : this.clock.after(latencyMs, end);
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  #check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}

/** Lambda freezes an environment between requests only, and the clock is put right when it thaws. */
const whenIdle = (world: World, happen: () => void) => {
  if (world.waiting === 0) happen();
};

/** What may happen, for or after so many milliseconds. */
const events: Record<string, (world: World, ms: number) => unknown> = {
  'a request': (world) => void world.request(),
  'a burst': (world) => void Array.from({ length: 200 }, () => world.request()),
  'time passes': ({ clock }, ms) => clock.advance(ms),
  'a request, later': async (world, ms) => {
    await world.clock.advance(ms);
    void world.request();
  },
  frozen: (world, ms) => whenIdle(world, () => world.clock.freeze(ms)),
  // Where timers stand still in a freeze, and not only what they call.
  'frozen, timers too': (world, ms) => whenIdle(world, () => world.clock.set(ms)),
  'a request, and when it is answered frozen, timers too': async (world, ms) => {
    void world.request();
    await world.clock.advance(times.refreshPatienceMs);
    whenIdle(world, () => world.clock.set(ms));
  },
  thaw: ({ clock }) => clock.advance(0),
  'clock set back': (world, ms) => whenIdle(world, () => world.clock.set(-ms)),
  'store answers': ({ store }) => Object.assign(store, { behaviour: 'answers' }),
  'store errs': ({ store }) => Object.assign(store, { behaviour: 'errs' }),
  'store hangs': ({ store }) => Object.assign(store, { behaviour: 'hangs' }),
  'store takes 20 ms': ({ store }) => Object.assign(store, { latencyMs: 20 }),
  'store takes about as long as a request waits': ({ store }, ms) =>
    Object.assign(store, { latencyMs: [299, 301, 900, 1_999, 2_001][ms % 5] }),
};

const history = fc.array(
  fc.record({
    event: fc.constantFrom(...Object.keys(events)),
    ms: fc.oneof(
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 400_000 }),
      fc.constantFrom(299, 300, 4_999, 5_000, 10_000, 60_000, 299_999, 300_000, 3_600_000),
    ),
  }),
  { maxLength: 60, size: 'max' },
);

test('whatever happens, no rule of the cache is broken', async () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  await fc.assert(
    fc.asyncProperty(history, random, async (history, random) => {
      const world = new World(random);
      void world.cache.prefetch();
      for (const { event, ms } of history) {
        await events[event]?.(world, ms);
        await world.clock.settle();
        expect(world.violations).toEqual([]);
        if (world.waiting === 0 && world.underWay.size === 0) expect(world.clock.pending()).toBe(0);
      }
      // However long a fetch or a wait may take, it is over.
      await world.clock.advance(2 * times.timeoutMs);
      const { violations, waiting, underWay, clock } = world;
      expect({ violations, waiting, underWay: underWay.size, timers: clock.pending() }).toEqual({
        violations: [],
        waiting: 0,
        underWay: 0,
        timers: 0,
      });
    }),
    { numRuns: 1_000, seed: 20_261_124 },
  );
}, 60_000);
