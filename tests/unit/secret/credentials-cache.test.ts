import { describe, expect, test } from 'vitest';
import { CredentialsUnavailable } from '../../../lib/problem.ts';
import { CredentialsCache } from '../../../lib/secret/credentials-cache.ts';
import { manualClock } from '../../support/manual-clock.ts';

const times = { maxAgeMs: 300_000, maxStalenessMs: 3_600_000, cooldownMs: 5_000, timeoutMs: 2_000 };

/** A cache whose fetches the test answers by hand, in the order in which they were started. */
function setUp(options: { random?: number; times?: Partial<typeof times> } = {}) {
  const clock = manualClock();
  const fetches: { resolve: (value: string) => void; reject: (error: Error) => void; signal: AbortSignal }[] =
    [];
  const failures: unknown[] = [];
  const cache = new CredentialsCache<string>({
    fetch: (signal) => new Promise((resolve, reject) => fetches.push({ resolve, reject, signal })),
    times: { ...times, ...options.times },
    clock,
    random: () => options.random ?? 0,
    onFailure: (error) => failures.push(error),
  });
  /** A `get` whose outcome can be asked for at any time. */
  const get = () => {
    const state: { outcome: string | CredentialsUnavailable | 'waiting' } = { outcome: 'waiting' };
    cache.get().then(
      ({ value }) => {
        state.outcome = value;
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
  /** A cache that holds `first`. */
  const filled = async () => {
    cache.prefetch();
    fetchNumber(0).resolve('first');
    await clock.settle();
  };
  return { cache, clock, fetches, failures, get, fetchNumber, filled };
}

function unavailable(outcome: unknown): CredentialsUnavailable {
  if (!(outcome instanceof CredentialsUnavailable))
    throw new Error(`Expected a refusal, got ${String(outcome)}.`);
  return outcome;
}

describe('a fetch', () => {
  test('starts with the prefetch and is shared by all who wait', async () => {
    const { cache, clock, fetches, fetchNumber, get } = setUp();
    cache.prefetch();
    const readers = Array.from({ length: 50 }, get);
    fetchNumber(0).resolve('first');
    await clock.settle();
    expect(readers.map(({ outcome }) => outcome)).toEqual(Array(50).fill('first'));
    expect(fetches).toHaveLength(1);
  });

  test('without a prefetch starts with the first request, once', async () => {
    const { clock, fetches, fetchNumber, get } = setUp();
    const readers = [get(), get()];
    expect(fetches).toHaveLength(1);
    fetchNumber(0).resolve('first');
    await clock.settle();
    expect(readers.map(({ outcome }) => outcome)).toEqual(['first', 'first']);
  });

  test('leaves no timer behind', async () => {
    const { clock, get, filled } = setUp();
    await filled();
    get();
    await clock.settle();
    expect(clock.pending()).toBe(0);
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
    const { cache, clock, fetches, fetchNumber, get, filled } = setUp({ random });
    await filled();
    await clock.advance(dueAfterMs - 1);
    expect(cache.fresh).toBe(true);
    get();
    expect(fetches).toHaveLength(1);
    await clock.advance(1);
    expect(cache.fresh).toBe(false);
    const readers = [get(), get()];
    await clock.settle();
    expect(fetches).toHaveLength(2);
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(readers.map(({ outcome }) => outcome)).toEqual(['second', 'second']);
  });

  test('that a slow fetch outlasts does not spoil what it brings', async () => {
    const { clock, fetchNumber, get } = setUp({ times: { maxAgeMs: 1_000, maxStalenessMs: 0 } });
    const reader = get();
    await clock.advance(1_500);
    fetchNumber(0).resolve('first');
    await clock.settle();
    expect(reader.outcome).toBe('first');
  });
});

describe('a failed fetch', () => {
  test('fails those who wait for it, names its cause and is reported once', async () => {
    const { clock, failures, fetchNumber, get } = setUp();
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
    const { cache, clock, fetches, fetchNumber, get } = setUp();
    get();
    fetchNumber(0).reject(new Error('no route'));
    await clock.advance(4_999);
    expect(cache.coolingDown).toBe(true);
    const early = get();
    await clock.settle();
    expect(unavailable(early.outcome).retryAfterSeconds).toBe(1);
    expect(fetches).toHaveLength(1);

    await clock.advance(1);
    expect(cache.coolingDown).toBe(false);
    const late = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(late.outcome).toBe('second');
  });

  test('without a cooldown is followed by the next fetch at once', async () => {
    const { clock, fetchNumber, get } = setUp({ times: { cooldownMs: 0 } });
    const refused = get();
    fetchNumber(0).reject(new Error('no route'));
    await clock.settle();
    expect(unavailable(refused.outcome).retryAfterSeconds).toBe(1);
    const reader = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');
  });

  test('leaves the last good value in service until it is too stale', async () => {
    const { clock, fetches, failures, fetchNumber, get, filled } = setUp();
    await filled();
    await clock.advance(times.maxAgeMs);
    const covered = get();
    await clock.settle();
    fetchNumber(1).reject(new Error('no route'));
    await clock.settle();
    expect(covered.outcome).toBe('first');
    expect(failures).toHaveLength(1);

    await clock.advance(times.maxStalenessMs - 1);
    const lastMoment = get();
    await clock.settle();
    fetchNumber(2).reject(new Error('no route'));
    await clock.settle();
    expect(lastMoment.outcome).toBe('first');

    await clock.advance(times.cooldownMs);
    const tooLate = get();
    await clock.settle();
    fetchNumber(3).reject(new Error('no route'));
    await clock.settle();
    unavailable(tooLate.outcome);
    expect(fetches).toHaveLength(4);
  });

  test('with no staleness allowed leaves nothing in service', async () => {
    const { clock, fetchNumber, get, filled } = setUp({ times: { maxStalenessMs: 0 } });
    await filled();
    await clock.advance(times.maxAgeMs);
    const reader = get();
    await clock.settle();
    fetchNumber(1).reject(new Error('no route'));
    await clock.settle();
    unavailable(reader.outcome);
  });
});

describe('a fetch that hangs', () => {
  test('is given up on, and its signal aborted, when the budget is used up', async () => {
    const { clock, fetchNumber, get } = setUp();
    const reader = get();
    await clock.advance(1_999);
    expect(reader.outcome).toBe('waiting');
    expect(fetchNumber(0).signal.aborted).toBe(false);
    await clock.advance(1);
    expect(fetchNumber(0).signal.aborted).toBe(true);
    expect(String(unavailable(reader.outcome).cause)).toContain('2000 ms');
  });

  test('during a refresh makes a request wait no longer than the budget for the last good value', async () => {
    const { clock, get, filled } = setUp();
    await filled();
    await clock.advance(times.maxAgeMs);
    const reader = get();
    await clock.advance(1_999);
    expect(reader.outcome).toBe('waiting');
    await clock.advance(1);
    expect(reader.outcome).toBe('first');
  });

  test('and answers after a newer one does not put the older value back', async () => {
    const { cache, clock, fetchNumber, get } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_100);
    fetchNumber(1).resolve('new');
    await clock.settle();
    fetchNumber(0).resolve('old');
    await clock.settle();
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
    const { cache, clock, failures, fetchNumber, get } = setUp();
    cache.prefetch();
    fetchNumber(0).reject(new Error('no route'));
    await clock.settle();
    expect(failures).toHaveLength(1);
    expect(cache.coolingDown).toBe(false);
    const reader = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');
  });

  test('that fails while requests wait for it is followed by one fetch for all of them', async () => {
    const { cache, clock, fetches, fetchNumber, get } = setUp();
    cache.prefetch();
    const readers = [get(), get(), get()];
    fetchNumber(0).reject(new Error('no route'));
    await clock.settle();
    expect(fetches).toHaveLength(2);
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(readers.map(({ outcome }) => outcome)).toEqual(['second', 'second', 'second']);
  });

  test('that a freeze has cut is not waited for', async () => {
    const { cache, clock, fetchNumber, get } = setUp();
    cache.prefetch();
    clock.freeze(3_600_000);
    const reader = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');
  });

  test('whose answer was frozen for an hour is as old as its question', async () => {
    const { cache, clock, fetchNumber, get } = setUp();
    cache.prefetch();
    clock.freeze(3_600_000);
    fetchNumber(0).resolve('first');
    await clock.settle();
    expect(cache.fresh).toBe(false);
    const reader = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');
  });

  test('that hangs leaves the first request half of its budget for a fetch beside it', async () => {
    const { cache, clock, fetches, fetchNumber, get } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(999);
    expect(fetches).toHaveLength(1);
    await clock.advance(1);
    expect(fetches).toHaveLength(2);
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');
  });

  test('that is merely slow still serves, when it comes before the fetch beside it', async () => {
    const { cache, clock, fetchNumber, get } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_200);
    fetchNumber(0).resolve('first');
    await clock.settle();
    expect(reader.outcome).toBe('first');
  });

  test('and the fetch beside it, hanging both, keep the first request no longer than its budget', async () => {
    const { cache, clock, get } = setUp();
    cache.prefetch();
    const reader = get();
    await clock.advance(1_999);
    expect(reader.outcome).toBe('waiting');
    await clock.advance(1);
    unavailable(reader.outcome);
  });

  test('and the fetch beside it leave nothing for the next freeze to cut', async () => {
    const { cache, clock, fetches, fetchNumber, get } = setUp();
    cache.prefetch();
    await clock.advance(500);
    const refused = get();
    await clock.advance(2_000);
    expect(String(unavailable(refused.outcome).cause)).toContain('not fetched within');
    expect(clock.pending()).toBe(0);
    clock.freeze(3_600_000);
    const reader = get();
    expect(fetches).toHaveLength(3);
    fetchNumber(2).resolve('third');
    await clock.settle();
    expect(reader.outcome).toBe('third');
  });
});

describe('the clock', () => {
  test('set back makes what is held and what has failed count as long ago', async () => {
    const { cache, clock, fetches, fetchNumber, get, filled } = setUp();
    await filled();
    clock.freeze(-3_600_000);
    expect(cache.fresh).toBe(false);
    const reader = get();
    fetchNumber(1).resolve('second');
    await clock.settle();
    expect(reader.outcome).toBe('second');

    await clock.advance(times.maxAgeMs);
    get();
    fetchNumber(2).reject(new Error('no route'));
    await clock.settle();
    expect(cache.coolingDown).toBe(true);
    clock.freeze(-3_600_000);
    expect(cache.coolingDown).toBe(false);
    get();
    expect(fetches).toHaveLength(4);
  });

  test('counts the cooldown from the failure, not from the start of what failed', async () => {
    const { cache, clock, get } = setUp();
    get();
    await clock.advance(times.timeoutMs);
    expect(cache.coolingDown).toBe(true);
    await clock.advance(times.cooldownMs - 1);
    expect(cache.coolingDown).toBe(true);
  });
});

describe('an attempt that was given up on', () => {
  /** A cache whose fetch a freeze has cut, and that has begun another. */
  async function cut() {
    const all = setUp({ times: { maxAgeMs: 1_000, cooldownMs: 60_000 } });
    await all.filled();
    await all.clock.advance(1_000);
    all.get();
    all.clock.freeze(2_000);
    const reader = all.get();
    expect(all.fetches).toHaveLength(3);
    return { ...all, reader };
  }

  test('starts no cooldown, and those who wait for its successor go on sharing it', async () => {
    const { cache, clock, fetches, fetchNumber, reader, get } = await cut();
    fetchNumber(1).reject(new Error('ECONNRESET'));
    await clock.settle();
    expect(cache.coolingDown).toBe(false);
    const another = get();
    expect(fetches).toHaveLength(3);
    fetchNumber(2).resolve('third');
    await clock.settle();
    expect([reader.outcome, another.outcome]).toEqual(['third', 'third']);
  });
});

test('a success ends the cooldown that an earlier failure began', async () => {
  const { cache, clock, fetchNumber, get } = setUp({ times: { cooldownMs: 300_000 } });
  cache.prefetch();
  get();
  await clock.advance(1_000);
  fetchNumber(1).reject(new Error('no route'));
  await clock.settle();
  expect(cache.coolingDown).toBe(true);
  fetchNumber(0).resolve('first');
  await clock.settle();
  expect(cache.coolingDown).toBe(false);
});
