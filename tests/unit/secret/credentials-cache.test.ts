import { describe, expect, test } from 'vitest';
import { CredentialsUnavailable } from '../../../lib/problem.ts';
import { CredentialsCache } from '../../../lib/secret/credentials-cache.ts';
import { manualClock } from '../../support/manual-clock.ts';

const times = {
  maxAgeMs: 300_000,
  maxStalenessMs: 3_600_000,
  cooldownMs: 5_000,
  timeoutMs: 2_000,
  refreshPatienceMs: 300,
};

interface Fetch {
  resolve: (value: string) => void;
  reject: (error: Error) => void;
  signal: AbortSignal;
  hasGoodValue: boolean;
}

/** A cache whose fetches the test answers by hand, in the order in which they were started. */
function setUp(options: { random?: number; times?: Partial<typeof times> } = {}) {
  const clock = manualClock();
  const fetches: Fetch[] = [];
  const failures: unknown[] = [];
  const luck = { random: options.random ?? 0 };
  const cache = new CredentialsCache<string>({
    fetch: (options) => new Promise((resolve, reject) => fetches.push({ resolve, reject, ...options })),
    times: { ...times, ...options.times },
    clock,
    random: () => luck.random,
    onFailure: (error) => failures.push(error),
  });
  /** A `get` whose outcome can be asked for at any time. */
  const get = () => {
    const state: { outcome: string | CredentialsUnavailable | 'waiting'; isPastDue?: boolean } = {
      outcome: 'waiting',
    };
    cache.get().then(
      ({ value, isPastDue }) => {
        state.outcome = value;
        state.isPastDue = isPastDue;
      },
      (error) => {
        state.outcome = error;
      },
    );
    return state;
  };
  const fetchNumber = (index: number) => {
    const fetch = fetches[index];
    if (fetch === undefined) throw new Error(`There were only ${fetches.length} fetches.`);
    return fetch;
  };
  /** A fetch succeeds, or fails, and all that follows from it. */
  const bring = (index: number, value: string) => {
    fetchNumber(index).resolve(value);
    return clock.settle();
  };
  const fail = (index: number) => {
    fetchNumber(index).reject(new Error('no route'));
    return clock.settle();
  };
  /** A request, as far as it gets at once. */
  const ask = async () => {
    const reader = get();
    await clock.settle();
    return reader;
  };
  /** A cache that holds `first`. */
  const filled = () => {
    cache.prefetch();
    return bring(0, 'first');
  };
  /** Whether a request now starts a fetch. */
  const startsFetch = () => {
    const { length } = fetches;
    get();
    return fetches.length > length;
  };
  /** A request whose fetch fails at once. */
  const failingGet = async () => {
    const { length } = fetches;
    const reader = get();
    await fail(length);
    return reader;
  };
  const doing = { bring, fail, ask, get, filled, startsFetch, failingGet };
  return { cache, clock, fetches, failures, luck, fetchNumber, ...doing };
}

function unavailable(outcome: unknown): CredentialsUnavailable {
  if (!(outcome instanceof CredentialsUnavailable))
    throw new Error(`Expected a refusal, got ${String(outcome)}.`);
  return outcome;
}

describe('a fetch', () => {
  test('starts with the prefetch and is shared by all who wait', async () => {
    const { cache, fetches, get, bring } = setUp();
    cache.prefetch();
    const readers = Array.from({ length: 50 }, get);
    await bring(0, 'first');
    expect(readers.map(({ outcome }) => outcome)).toEqual(Array(50).fill('first'));
    expect(fetches).toHaveLength(1);
  });

  test('says when the value was read: when it was asked for, not when the answer came', async () => {
    const { cache, clock, fetchNumber } = setUp();
    const askedAt = clock.now();
    cache.prefetch();
    await clock.advance(1_500);
    fetchNumber(0).resolve('first');
    expect(await cache.get()).toMatchObject({ value: 'first', readAt: askedAt });
  });
});

describe('the maximum age', () => {
  test.each([
    { random: 0, dueAfterMs: 300_000 },
    { random: 0.5, dueAfterMs: 285_000 },
    { random: 0.999_999, dueAfterMs: 270_001 },
  ])('with jitter $random is reached after $dueAfterMs ms', async ({ random, dueAfterMs }) => {
    const { clock, fetches, get, filled, bring, ask } = setUp({ random });
    await filled();
    await clock.advance(dueAfterMs - 1);
    const early = await ask();
    expect(early).toEqual({ outcome: 'first', isPastDue: false });
    expect(fetches).toHaveLength(1);
    await clock.advance(1);
    const readers = [get(), get()];
    await clock.settle();
    expect(fetches).toHaveLength(2);
    await bring(1, 'second');
    expect(readers).toEqual(Array(2).fill({ outcome: 'second', isPastDue: false }));
  });

  test('that a slow fetch outlasts does not spoil what it brings', async () => {
    const { clock, get, bring } = setUp({ times: { maxAgeMs: 1_000, maxStalenessMs: 0 } });
    const reader = get();
    await clock.advance(1_500);
    await bring(0, 'first');
    expect(reader).toEqual({ outcome: 'first', isPastDue: true });
  });
});

describe('a failed fetch', () => {
  test('fails those who wait for it, names its cause and is reported once', async () => {
    const { clock, failures, get, fetchNumber } = setUp();
    const readers = [get(), get()];
    const cause = new Error('no route');
    fetchNumber(0).reject(cause);
    await clock.settle();
    for (const { outcome } of readers) {
      expect(unavailable(outcome)).toMatchObject({ cause, retryAfterSeconds: 5 });
    }
    expect(failures).toEqual([cause]);
  });

  test('is followed by a cooldown in which requests fail at once, and then by another fetch', async () => {
    const { clock, fetches, get, fetchNumber, bring, ask } = setUp();
    get();
    fetchNumber(0).reject(new Error('no route'));
    await clock.advance(4_999);
    const early = await ask();
    expect(unavailable(early.outcome).retryAfterSeconds).toBe(1);
    expect(fetches).toHaveLength(1);

    await clock.advance(1);
    const late = get();
    await bring(1, 'second');
    expect(late.outcome).toBe('second');
  });

  test('without a cooldown is followed by the next fetch at once', async () => {
    const { get, bring, fail } = setUp({ times: { cooldownMs: 0 } });
    const refused = get();
    await fail(0);
    expect(unavailable(refused.outcome).retryAfterSeconds).toBe(1);
    const reader = get();
    await bring(1, 'second');
    expect(reader.outcome).toBe('second');
  });

  test('leaves the last good value in service until it is too stale', async () => {
    const { clock, fetches, failures, filled, fail, ask } = setUp();
    await filled();
    await clock.advance(times.maxAgeMs);
    const covered = await ask();
    await fail(1);
    expect(covered).toEqual({ outcome: 'first', isPastDue: true });
    expect(failures).toHaveLength(1);

    await clock.advance(times.maxStalenessMs - 1);
    const lastMoment = await ask();
    await fail(2);
    expect(lastMoment.outcome).toBe('first');

    await clock.advance(times.cooldownMs);
    const tooLate = await ask();
    await fail(3);
    unavailable(tooLate.outcome);
    expect(fetches).toHaveLength(4);
  });
});

describe('a fetch that hangs', () => {
  test('is given up on, and its signal aborted, when the budget is used up', async () => {
    const { clock, get, fetchNumber } = setUp();
    const reader = get();
    await clock.advance(1_999);
    expect(reader.outcome).toBe('waiting');
    expect(fetchNumber(0).signal.aborted).toBe(false);
    await clock.advance(1);
    expect(fetchNumber(0).signal.aborted).toBe(true);
    expect(String(unavailable(reader.outcome).cause)).toContain('2000 ms');
  });

  test('and answers after a newer one does not put the older value back', async () => {
    const { cache, clock, get, bring } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_100);
    await bring(1, 'new');
    await bring(0, 'old');
    expect(reader.outcome).toBe('new');
    expect((await cache.get()).value).toBe('new');
  });
});

describe('the prefetch', () => {
  test.each(['brings something', 'fails'])('is over when it %s', async (end) => {
    const { cache, clock, fetchNumber } = setUp();
    let isOver = false;
    const prefetch = cache.prefetch().then(() => {
      isOver = true;
    });
    await clock.settle();
    expect(isOver).toBe(false);
    if (end === 'fails') fetchNumber(0).reject(new Error('no route'));
    else fetchNumber(0).resolve('first');
    await prefetch;
  });

  test('that failed costs the first request nothing: it fetches at once', async () => {
    const { cache, failures, get, bring, fail } = setUp();
    cache.prefetch();
    await fail(0);
    expect(failures).toHaveLength(1);
    const reader = get();
    await bring(1, 'second');
    expect(reader.outcome).toBe('second');
  });

  test('that fails while requests wait for it is followed by one fetch for all of them', async () => {
    const { cache, fetches, get, bring, fail } = setUp();
    cache.prefetch();
    const readers = [get(), get(), get()];
    await fail(0);
    expect(fetches).toHaveLength(2);
    await bring(1, 'second');
    expect(readers.map(({ outcome }) => outcome)).toEqual(['second', 'second', 'second']);
  });

  test('that a freeze has cut is not waited for', async () => {
    const { cache, clock, get, bring } = setUp();
    cache.prefetch();
    clock.freeze(3_600_000);
    const reader = get();
    await bring(1, 'second');
    expect(reader.outcome).toBe('second');
  });

  test('that hangs leaves the first request half of its budget for a parallel fetch', async () => {
    const { cache, clock, fetches, get, bring } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(999);
    expect(fetches).toHaveLength(1);
    await clock.advance(1);
    expect(fetches).toHaveLength(2);
    await bring(1, 'second');
    expect(reader.outcome).toBe('second');
  });

  test('that is only slow is used, if it ends before the parallel fetch', async () => {
    const { cache, clock, get, bring } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_200);
    await bring(0, 'first');
    expect(reader.outcome).toBe('first');
  });

  test('and the parallel fetch, when both hang, delay the first request no longer than its budget', async () => {
    const { cache, clock, get } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_999);
    expect(reader.outcome).toBe('waiting');
    await clock.advance(1);
    unavailable(reader.outcome);
  });

  test('and the parallel fetch leave no connection open that the next freeze could break', async () => {
    const { cache, clock, fetches, get, bring } = setUp();
    cache.prefetch();
    await clock.advance(500);
    const refused = get();
    await clock.advance(2_000);
    expect(String(unavailable(refused.outcome).cause)).toContain('not fetched within');
    expect(clock.pending()).toBe(0);
    clock.freeze(3_600_000);
    const reader = get();
    expect(fetches).toHaveLength(3);
    await bring(2, 'third');
    expect(reader.outcome).toBe('third');
  });
});

describe('a clock that is set back', () => {
  test('leaves what is held in service, until it is too stale from then on', async () => {
    const { clock, filled, failingGet } = setUp();
    await filled();
    clock.set(-3_600_000);
    expect(await failingGet()).toEqual({ outcome: 'first', isPastDue: true });
    await clock.advance(times.maxStalenessMs - 1);
    expect((await failingGet()).outcome).toBe('first');
    await clock.advance(times.cooldownMs);
    unavailable((await failingGet()).outcome);
  });

  test('ends the cooldown', async () => {
    const { clock, startsFetch, failingGet } = setUp();
    await failingGet();
    expect(startsFetch()).toBe(false);
    clock.set(-1);
    expect(startsFetch()).toBe(true);
  });

  test('during a fetch makes the next request start another', async () => {
    const { clock, startsFetch } = setUp();
    expect(startsFetch()).toBe(true);
    expect(startsFetch()).toBe(false);
    clock.set(-1);
    expect(startsFetch()).toBe(true);
  });

  test('while a request waits for the prefetch leaves it half of its budget', async () => {
    const { cache, clock, fetches, get } = setUp();
    cache.prefetch();
    const reader = get();
    clock.set(-3_600_000);
    await clock.advance(1_000);
    expect(fetches).toHaveLength(2);
    await clock.advance(999);
    expect(reader.outcome).toBe('waiting');
    await clock.advance(1);
    unavailable(reader.outcome);
  });
});

describe('the patience of a request with a good value', () => {
  /** A cache whose value is due, with a request that waits for the refresh. */
  async function due(options: Parameters<typeof setUp>[0] = {}) {
    const all = setUp(options);
    await all.filled();
    await all.clock.advance(times.maxAgeMs);
    return { ...all, reader: all.get() };
  }

  test('ends a wait for the refresh, which continues', async () => {
    const { clock, fetches, fetchNumber, bring, ask, reader } = await due();
    await clock.advance(299);
    expect(reader.outcome).toBe('waiting');
    await clock.advance(1);
    expect(reader).toEqual({ outcome: 'first', isPastDue: true });

    await clock.advance(1_699);
    expect(fetchNumber(1).signal.aborted).toBe(false);
    await bring(1, 'second');
    const next = await ask();
    expect(next).toEqual({ outcome: 'second', isPastDue: false });
    expect(fetches).toHaveLength(2);
    expect(clock.pending()).toBe(0);
  });

  test('is spent once on each refresh: who comes later does not wait for it', async () => {
    const { clock, fetches, get, ask } = await due();
    await clock.advance(200);
    const second = get();
    await clock.advance(100);
    expect(second.outcome).toBe('first');
    const third = await ask();
    expect(third.outcome).toBe('first');
    expect(fetches).toHaveLength(2);
  });

  test('is over at once when the refresh fails', async () => {
    const { clock, fail, reader } = await due();
    await fail(1);
    expect(reader.outcome).toBe('first');
    expect(clock.pending()).toBe(0);
  });

  test('may be none', async () => {
    const { clock, reader } = await due({ times: { refreshPatienceMs: 0 } });
    await clock.advance(0);
    expect(reader.outcome).toBe('first');
  });

  test('serves what was good when the request came, though it is too stale when the wait is over', async () => {
    const { clock, get, filled } = setUp({ times: { maxStalenessMs: 100 } });
    await filled();
    await clock.advance(times.maxAgeMs + 99);
    const reader = get();
    await clock.advance(300);
    expect(reader.outcome).toBe('first');
  });

  test('does not keep a refresh from being given up on after the budget, which is a failure', async () => {
    const { clock, failures, fetchNumber, startsFetch } = await due();
    await clock.advance(1_999);
    expect(fetchNumber(1).signal.aborted).toBe(false);
    await clock.advance(1);
    expect(fetchNumber(1).signal.aborted).toBe(true);
    expect(failures).toEqual([new Error('The credentials were not fetched within 2000 ms.')]);
    await clock.advance(times.cooldownMs - 1);
    expect(startsFetch()).toBe(false);
    await clock.advance(1);
    expect(startsFetch()).toBe(true);
  });

  test('is not for a request without one, which waits for the same refresh to the end of its budget', async () => {
    const { clock, get } = await due({ times: { maxStalenessMs: 1 } });
    await clock.advance(1);
    const without = get();
    await clock.advance(1_998);
    expect(without.outcome).toBe('waiting');
    await clock.advance(1);
    unavailable(without.outcome);
  });
});

describe('a fetch is told', () => {
  test('whether a cached value can be used without it', async () => {
    const { clock, get, fetchNumber, filled } = setUp();
    await filled();
    expect(fetchNumber(0).hasGoodValue).toBe(false);
    await clock.advance(times.maxAgeMs + times.maxStalenessMs - 1);
    get();
    expect(fetchNumber(1).hasGoodValue).toBe(true);
    fetchNumber(1).reject(new Error('no route'));
    await clock.advance(times.cooldownMs);
    get();
    expect(fetchNumber(2).hasGoodValue).toBe(false);
  });
});

describe('the back-off', () => {
  test.each([
    { random: 0, cooldownMs: 5_000, waits: [5_000, 5_000, 5_000] },
    // Up to twice the cooldown, four times, eight times, a minute.
    { random: 0.5, cooldownMs: 5_000, waits: [7_500, 12_500, 22_500, 32_500, 32_500] },
    { random: 1, cooldownMs: 5_000, waits: [10_000, 20_000, 40_000, 60_000, 60_000] },
    { random: 1, cooldownMs: 59_999, waits: [60_000, 60_000] },
    { random: 1, cooldownMs: 60_001, waits: [60_001, 60_001] },
    { random: 1, cooldownMs: 0, waits: [0, 0] },
  ])('with $random of its jitter and a cooldown of $cooldownMs ms is $waits', async (row) => {
    const { clock, fetches, filled, startsFetch, failingGet } = setUp({
      random: row.random,
      times: { cooldownMs: row.cooldownMs, maxAgeMs: 1_000 },
    });
    await filled();
    await clock.advance(1_000);
    await failingGet();
    for (const wait of row.waits) {
      if (wait > 0) {
        await clock.advance(wait - 1);
        expect(startsFetch()).toBe(false);
        await clock.advance(1);
      }
      expect(startsFetch()).toBe(true);
      fetches.at(-1)?.reject(new Error('no route'));
      await clock.settle();
    }
  });

  test('starts again after a success', async () => {
    const { clock, fetches, luck, filled, startsFetch, failingGet } = setUp({ times: { maxAgeMs: 60_000 } });
    await filled();
    luck.random = 1;
    await clock.advance(60_000);
    await failingGet();
    await clock.advance(10_000);
    await failingGet();
    await clock.advance(20_000);
    expect(startsFetch()).toBe(true);
    fetches.at(-1)?.resolve('second');
    await clock.advance(60_000);
    await failingGet();
    await clock.advance(9_999);
    expect(startsFetch()).toBe(false);
    await clock.advance(1);
    expect(startsFetch()).toBe(true);
  });

  test('is over when no good value serves any more: then the cooldown holds', async () => {
    const { clock, luck, filled, startsFetch, failingGet } = setUp({ times: { maxStalenessMs: 8_000 } });
    await filled();
    luck.random = 1;
    await clock.advance(times.maxAgeMs);
    await failingGet();
    await clock.advance(7_999);
    expect(startsFetch()).toBe(false);
    await clock.advance(1);
    expect(startsFetch()).toBe(true);
  });
});

describe('a fetch that a freeze has cut', () => {
  /** A cache that is due, whose refresh is frozen for `ms` when the patience with it is over. */
  async function frozen(ms: number, options: Parameters<typeof setUp>[0] = {}) {
    const all = setUp(options);
    await all.filled();
    await all.clock.advance(times.maxAgeMs);
    all.get();
    await all.clock.advance(300);
    all.clock.freeze(ms);
    return all;
  }

  test.each(['its timer', 'its connection'])('is no failure when %s ends it at the thaw', async (end) => {
    const { clock, failures, fetchNumber, startsFetch } = await frozen(60_000);
    if (end === 'its timer') await clock.advance(0);
    else fetchNumber(1).reject(new Error('ECONNRESET'));
    await clock.settle();
    expect(failures).toEqual([]);
    expect(startsFetch()).toBe(true);
  });

  // The timer is due 1,700 ms after the patience, and may be late by 250 ms before it is put down to a freeze.
  test.each([
    { ms: 1_950, failed: 1 },
    { ms: 1_951, failed: 0 },
  ])('is told from one that is late by its time: $ms ms', async ({ ms, failed }) => {
    const { clock, failures, startsFetch } = await frozen(ms);
    await clock.advance(0);
    expect(failures).toHaveLength(failed);
    expect(startsFetch()).toBe(failed === 0);
  });

  test('continues in parallel with a new one, and all waiting requests get the first result', async () => {
    const { fetches, get, fetchNumber, bring } = await frozen(60_000);
    const reader = get();
    expect(fetches).toHaveLength(3);
    expect(fetchNumber(1).signal.aborted).toBe(false);
    await bring(1, 'second');
    expect(reader).toEqual({ outcome: 'second', isPastDue: false });
  });

  test('brings what is as old as its question', async () => {
    const { clock, startsFetch, bring, ask } = await frozen(times.maxAgeMs - 300 - 1);
    await bring(1, 'second');
    const reader = await ask();
    expect(reader).toEqual({ outcome: 'second', isPastDue: false });
    clock.freeze(1);
    expect(startsFetch()).toBe(true);
  });

  test('starts no cooldown, and requests that wait for the next one continue to share it', async () => {
    const { clock, fetches, get, fetchNumber, bring } = await frozen(2_000);
    const reader = get();
    fetchNumber(1).reject(new Error('ECONNRESET'));
    await clock.settle();
    const another = get();
    expect(fetches).toHaveLength(3);
    await bring(2, 'third');
    expect([reader.outcome, another.outcome]).toEqual(['third', 'third']);
  });

  test('is not waited for by a request without a good value', async () => {
    const { fetches, get, bring, fail } = await frozen(times.maxStalenessMs);
    const reader = get();
    expect(fetches).toHaveLength(3);
    await bring(1, 'second');
    expect(reader.outcome).toBe('waiting');
    await fail(2);
    // Past due, but good: when its answer came nobody knew whether the new one would bring any.
    expect(reader).toEqual({ outcome: 'second', isPastDue: true });
  });

  test('is given up on when another is cut too: two at most are under way', async () => {
    const { clock, fetches, get, bring } = await frozen(60_000);
    get();
    clock.freeze(60_000);
    get();
    expect(fetches.map(({ signal }) => signal.aborted)).toEqual([false, true, false, false]);
    await clock.settle();
    await bring(2, 'third');
    clock.freeze(60_000);
    get();
    expect(fetches.filter(({ signal }) => signal.aborted)).toHaveLength(1);
  });
});

test('a success ends the cooldown that an earlier failure began', async () => {
  const { cache, clock, get, startsFetch, bring, fail } = setUp({
    times: { cooldownMs: 300_000, maxAgeMs: 1_000, maxStalenessMs: 0 },
  });
  cache.prefetch();
  get();
  await clock.advance(1_000);
  await fail(1);
  expect(startsFetch()).toBe(false);
  await bring(0, 'first');
  expect(startsFetch()).toBe(true);
});
