/**
 * The cache against any order of events: requests, bursts, time, freezes, a clock that is set, and a store that is slow, errs,
 * hangs, holds garbage or is rotated. A run is told by its seed, and a failing one is shrunk to the few events that it takes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CredentialsCache } from '../../../lib/secret/credentials-cache.ts';
import { credentialsReader, type VersionedCredentials } from '../../../lib/secret/versioned-credentials.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';

const times = {
  maxAgeMs: 300_000,
  maxStalenessMs: 3_600_000,
  cooldownMs: 5_000,
  timeoutMs: 2_000,
  refreshPatienceMs: 300,
};
const longestBackOffMs = 60_000;
/** From where on a fetch that ends late was cut by a freeze. */
const cutAfterMs = times.timeoutMs + 250;

interface Version {
  id: string;
  text: string;
}

interface Store {
  behaviour: 'answers' | 'errs' | 'hangs';
  latencyMs: number;
  current: Version;
  previous: Version | undefined;
}

/** A value as the model expects it to be held. */
interface Good {
  number: number;
  readAt: number;
}

/** What the cache should do, and what it did. */
class World {
  readonly clock: ManualClock = manualClock();
  readonly cache: CredentialsCache<VersionedCredentials>;
  readonly store: Store;
  readonly usableVersions = new Set<string>();
  readonly lifetimeMs: number;
  readonly #random: number;
  /** Fetches that have neither ended nor been aborted. */
  readonly underWay = new Set<number>();
  waiting = 0;
  #started = 0;
  #versions = 0;
  #good: Good | undefined;
  #failure: { at: number; inARow: number } | undefined;
  readonly violations: string[] = [];

  constructor(random: number) {
    this.#random = random;
    this.lifetimeMs = times.maxAgeMs * (1 - 0.1 * random);
    this.store = { behaviour: 'answers', latencyMs: 20, current: this.usable(), previous: undefined };
    const read = credentialsReader(
      (stage, signal) => this.#read(stage, signal),
      undefined,
      () => {},
    );
    this.cache = new CredentialsCache({
      fetch: (options) => this.#fetch(options.signal, () => read(options)),
      times,
      clock: this.clock,
      random: () => random,
      onFailure: () => {},
    });
  }

  usable(): Version {
    const id = `version-${++this.#versions}`;
    this.usableVersions.add(id);
    return { id, text: secretText('an-api-secret-of-32-characters-or-more') };
  }

  /** One that can't be used, for its weak secret or altogether. */
  unusable(): Version {
    const id = `version-${++this.#versions}`;
    return { id, text: this.#versions % 2 === 0 ? secretText('weak') : 'garbage' };
  }

  rotateTo(version: Version): void {
    this.store.previous = this.store.current;
    this.store.current = version;
  }

  /** A good value in hand now. After a clock was set back it is due, and its staleness counts from here. */
  good(): Good | undefined {
    const now = this.clock.now();
    if (this.#good !== undefined && now < this.#good.readAt) this.#good.readAt = now - this.lifetimeMs;
    const good = this.#good;
    return good && now - good.readAt < this.lifetimeMs + times.maxStalenessMs ? good : undefined;
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
      this.#check(
        this.usableVersions.has(String(value.versionId)),
        'a token was signed with an unusable value',
      );
      const isGood = clock.now() - readAt < this.lifetimeMs + times.maxStalenessMs + bound;
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

  async #fetch(
    signal: AbortSignal,
    read: () => Promise<VersionedCredentials>,
  ): Promise<VersionedCredentials> {
    const number = ++this.#started;
    const { clock } = this;
    const startedAt = clock.now();
    this.good();
    this.#checkCooldown();
    this.underWay.add(number);
    this.#check(this.underWay.size <= 2, 'more than two fetches were under way');
    const isPrefetch = number === 1;
    const end = (isFailure: boolean) => {
      if (!this.underWay.delete(number)) return;
      const tookMs = clock.now() - startedAt;
      const wasCut = tookMs < 0 || tookMs > cutAfterMs;
      if (!isFailure || isPrefetch || number !== this.#started || wasCut) return;
      this.#failure = { at: clock.now(), inARow: (this.#failure?.inARow ?? 0) + 1 };
    };
    signal.addEventListener('abort', () => end(true));
    try {
      const value = await read();
      end(false);
      if (!signal.aborted) {
        this.#failure = undefined;
        if (this.#good === undefined || this.#good.number < number)
          this.#good = { number, readAt: startedAt };
      }
      return value;
    } catch (error) {
      end(true);
      throw error;
    }
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

  async #read(stage: 'AWSCURRENT' | 'AWSPREVIOUS', signal: AbortSignal) {
    const { behaviour, latencyMs } = this.store;
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const cancel = behaviour === 'hangs' ? () => {} : this.clock.after(latencyMs, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
    const version = stage === 'AWSCURRENT' ? this.store.current : this.store.previous;
    if (behaviour === 'errs' || version === undefined) throw new Error('The store errs.');
    return { text: version.text, versionId: version.id };
  }

  #check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}

function secretText(apiSecret: string): string {
  return JSON.stringify({
    LIVEKIT_API_KEY: 'APIkey',
    LIVEKIT_API_SECRET: apiSecret,
    LIVEKIT_WS_URL: 'wss://project.livekit.cloud',
  });
}

/** One event. What has to hold is checked after it. */
class Event implements fc.AsyncCommand<object, World> {
  readonly #name: string;
  readonly #happen: (world: World) => unknown;

  constructor(name: string, happen: (world: World) => unknown) {
    this.#name = name;
    this.#happen = happen;
  }

  check = () => true;

  async run(_model: object, world: World): Promise<void> {
    await this.#happen(world);
    await world.clock.settle();
    expect(world.violations).toEqual([]);
    if (world.waiting === 0 && world.underWay.size === 0) expect(world.clock.pending()).toBe(0);
  }

  toString = () => this.#name;
}

const burstOf = (size: number) => (world: World) => {
  for (let sent = 0; sent < size; sent += 1) void world.request();
};

/** Lambda freezes an environment between requests only, and the clock is put right when it thaws. */
const whenIdle = (happen: (world: World) => void) => (world: World) => {
  if (world.waiting === 0) happen(world);
};

const ms = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }),
  fc.integer({ min: 0, max: 400_000 }),
  fc.constantFrom(299, 300, 4_999, 5_000, 10_000, 60_000, 299_999, 300_000, 3_600_000),
);

/** `N` in the name is for the milliseconds. */
const timed = (name: string, happen: (world: World, ms: number) => unknown, lengths = ms) =>
  lengths.map((ms) => new Event(name.replace('N', String(ms)), (world) => happen(world, ms)));

const events = [
  fc.constant(new Event('request', (world) => void world.request())),
  fc.constant(new Event('burst', burstOf(200))),
  timed('N ms pass', ({ clock }, ms) => clock.advance(ms)),
  timed('frozen for N ms', (world, ms) => whenIdle(({ clock }) => clock.freeze(ms))(world)),
  timed('a request after N ms', async (world, ms) => {
    await world.clock.advance(ms);
    void world.request();
  }),
  // Where timers stand still in a freeze, and not only what they call.
  timed('frozen, timers too, for N ms', (world, ms) => whenIdle(({ clock }) => clock.set(ms))(world)),
  timed('a request, and when it is answered frozen, timers too, for N ms', async (world, ms) => {
    void world.request();
    await world.clock.advance(times.refreshPatienceMs);
    whenIdle(({ clock }) => clock.set(ms))(world);
  }),
  fc.constant(new Event('thaw', ({ clock }) => clock.advance(0))),
  timed('clock set back by N ms', (world, ms) => whenIdle(({ clock }) => clock.set(-ms))(world)),
  timed(
    'store answers after N ms',
    ({ store }, latencyMs) => Object.assign(store, { behaviour: 'answers', latencyMs }),
    fc.constantFrom(20, 299, 301, 900, 1_999, 2_001),
  ),
  fc
    .constantFrom('errs' as const, 'hangs' as const)
    .map((behaviour) => new Event(`store ${behaviour}`, ({ store }) => Object.assign(store, { behaviour }))),
  fc.constant(new Event('garbage', (world) => world.rotateTo(world.unusable()))),
  fc.constant(new Event('rotation', (world) => world.rotateTo(world.usable()))),
];

test('whatever happens, no rule of the cache is broken', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.commands(events, { maxCommands: 60, size: 'max' }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (commands, random) => {
        const world = new World(random);
        void world.cache.prefetch();
        await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
        // However long a fetch or a wait may take, it is over.
        await world.clock.advance(2 * times.timeoutMs);
        expect({
          violations: world.violations,
          waiting: world.waiting,
          underWay: world.underWay.size,
          timers: world.clock.pending(),
        }).toEqual({ violations: [], waiting: 0, underWay: 0, timers: 0 });
      },
    ),
    { numRuns: 1_000, seed: 20_261_124 },
  );
}, 60_000);
