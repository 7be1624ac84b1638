/**
 * The cache by examples. A script is the steps of one, and after the arrow what a step leads to, which is all that it leads to:
 *
 *     ask → fetch 1; +50; 1 fails → failure: no route, refused for 5 s: no route
 *
 * `+50`: so many milliseconds pass. `frozen 50`: they pass, and no timer fires. `set -50`: the wall clock is set back. A fetch is
 * called a refresh where it is told that there is a good value. Fetch 1 brings the value 1.
 */
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { CredentialsUnavailable } from '../../../lib/problem.ts';
import { CredentialsCache } from '../../../lib/secret/credentials-cache.ts';
import { manualClock } from '../../support/manual-clock.ts';

const { credentials: times } = parseConfig({ LIVEKIT_SECRET_ID: 'booky/livekit' });
type Options = Partial<typeof times> & { random?: number };

interface Step {
  step: string;
  /** Sorted: in which order they come at one time is no matter. */
  effects: string[];
}

function stepsOf(script: string): Step[] {
  return script.split(';').map((text) => {
    const [step = '', effects] = text.trim().split(/\s+→\s+/);
    return { step, effects: (effects?.split(/,\s+/) ?? []).toSorted() };
  });
}

/** Does the steps of a script, and returns them with the effects that they had. */
async function play(script: string, { random = 0, ...changed }: Options): Promise<Step[]> {
  const clock = manualClock();
  const fetches: { startedAt: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  let effects: string[] = [];
  const cache = new CredentialsCache<number>({
    fetch: ({ signal, hasGoodValue }) =>
      new Promise((resolve, reject) => {
        const number = fetches.push({ startedAt: clock.now(), resolve: () => resolve(number), reject });
        effects.push(`${hasGoodValue ? 'refresh' : 'fetch'} ${number}`);
        signal.addEventListener('abort', () => effects.push(`${number} aborted: ${signal.reason.message}`));
      }),
    times: { ...times, ...changed },
    clock,
    random: () => random,
    onFailure: (error) => effects.push(`failure: ${Object(error).message}`),
  });
  const ask = async () => {
    const { value, readAt, isPastDue } = await cache.get();
    const isDated = readAt === fetches[value - 1]?.startedAt;
    effects.push(`got ${value}${isPastDue ? ' past due' : ''}${isDated ? '' : ' with another date'}`);
  };
  const refused = (error: unknown) => {
    if (!(error instanceof CredentialsUnavailable)) throw error;
    effects.push(`refused for ${error.retryAfterSeconds} s: ${Object(error.cause).message}`);
  };
  const doing: Record<string, (number: number) => unknown> = {
    prefetch: () => void cache.prefetch().then(() => effects.push('prefetched')),
    ask: () => void ask().catch(refused),
    '+': clock.advance,
    frozen: clock.freeze,
    set: clock.set,
    brings: (number) => fetches[number - 1]?.resolve(),
    fails: (number) => fetches[number - 1]?.reject(new Error('no route')),
  };
  const steps: Step[] = [];
  for (const { step } of stepsOf(script)) {
    const [verb = ''] = /[a-z]+|\+/.exec(step) ?? [];
    const [number] = /-?[\d_]+/.exec(step) ?? [];
    effects = [];
    expect(Object.keys(doing), step).toContain(verb);
    await doing[verb]?.(Number(number?.replaceAll('_', '')));
    await clock.settle();
    steps.push({ step, effects: effects.toSorted() });
  }
  return steps;
}

const examples = (scripts: Record<string, string>, options: Options = {}) =>
  test.each(Object.entries(scripts))('%s', async (_title, script) => {
    expect(await play(script, options)).toEqual(stepsOf(script));
  });

const filled = 'prefetch → fetch 1; 1 brings → prefetched';
const due = `${filled}; +300_000; ask → refresh 2`;
const givenUp = 'The credentials were not fetched within 2000 ms.';
const halfGivenUp = 'The credentials were not fetched within 1000 ms.';
const failed = 'failure: no route';

describe('a fetch', () => {
  examples({
    'starts with the prefetch, is shared by all who wait, and dates from when it was asked for':
      'prefetch → fetch 1; ask; +900; ask; 1 brings → prefetched, got 1, got 1; ask → got 1',
    'that fails fails those who wait, and those who ask during the cooldown; then another follows': `
      ask → fetch 1; ask; 1 fails → ${failed}, refused for 5 s: no route, refused for 5 s: no route;
      +4_999; ask → refused for 1 s: no route; +1; ask → fetch 2; 2 brings → got 2`,
    'that hangs is given up on and aborted when the budget is used up': `
      ask → fetch 1; +1_999;
      +1 → 1 aborted: ${givenUp}, failure: ${givenUp}, refused for 5 s: ${givenUp}`,
    'that answers after a newer one does not put the older value back':
      'prefetch → fetch 1; ask; +1_100 → fetch 2; 2 brings → got 2; 1 brings → prefetched; ask → got 2',
  });
  examples(
    {
      'without a cooldown is followed by the next at once': `
        ask → fetch 1; 1 fails → ${failed}, refused for 1 s: no route; ask → fetch 2; 2 brings → got 2`,
    },
    { cooldownMs: 0 },
  );
  examples(
    {
      'that outlasts the maximum age brings what can be used':
        'ask → fetch 1; +1_500; 1 brings → got 1 past due',
    },
    { maxAgeMs: 1_000, maxStalenessMs: 0 },
  );
  examples(
    {
      'that succeeds ends the cooldown that another began': `
        prefetch → fetch 1; ask; +1_000 → fetch 2; 2 fails → ${failed}; ask → refused for 300 s: no route;
        1 brings → prefetched, got 1 past due; ask → fetch 3`,
    },
    { cooldownMs: 300_000, maxAgeMs: 1_000, maxStalenessMs: 0 },
  );
});

describe.each([
  { random: 0, dueAfterMs: 300_000 },
  { random: 0.5, dueAfterMs: 285_000 },
  { random: 0.999_999, dueAfterMs: 270_001 },
])('with jitter $random a value', ({ random, dueAfterMs }) => {
  examples(
    {
      [`is due after ${dueAfterMs} ms`]: `
        ${filled}; +${dueAfterMs - 1}; ask → got 1; +1; ask → refresh 2; ask; 2 brings → got 2, got 2`,
    },
    { random },
  );
});

examples({
  'a value that is due serves while refreshes fail, until it is too stale': `
    ${due}; 2 fails → ${failed}, got 1 past due; +3_599_999; ask → refresh 3; 3 fails → ${failed}, got 1 past due;
    +5_000; ask → fetch 4; 4 fails → ${failed}, refused for 5 s: no route`,
});

describe('the prefetch', () => {
  examples({
    'that failed costs the first request nothing: it fetches at once': `
      prefetch → fetch 1; 1 fails → ${failed}, prefetched; ask → fetch 2; 2 brings → got 2`,
    'that fails while requests wait is followed by one fetch for all, with what is left of the budget': `
      prefetch → fetch 1; ask; ask; +200; 1 fails → ${failed}, prefetched, fetch 2; +1_799; 2 brings → got 2, got 2`,
    'that a freeze has cut is not waited for':
      'prefetch → fetch 1; frozen 3_600_000; ask → fetch 2; 2 brings → got 2',
    'that hangs leaves the first request half of its budget for a parallel fetch':
      'prefetch → fetch 1; ask; +999; +1 → fetch 2; 2 brings → got 2',
    'that is only slow is used, if it ends before the parallel fetch':
      'prefetch → fetch 1; ask; +1_200 → fetch 2; 1 brings → prefetched, got 1',
    'and the parallel fetch, when both hang, delay nobody longer than the budget, and both end': `
      prefetch → fetch 1; +500; ask; +1_000 → fetch 2;
      +500 → 1 aborted: ${givenUp}, failure: ${givenUp}, prefetched; +499;
      +1 → 2 aborted: ${halfGivenUp}, failure: ${halfGivenUp}, refused for 5 s: ${halfGivenUp};
      frozen 3_600_000; ask → fetch 3; 3 brings → got 3`,
  });
});

describe('a clock that is set back', () => {
  examples({
    'leaves what is held in service, until it is too stale from then on': `
      ${filled}; set -3_600_000; ask → refresh 2; 2 fails → ${failed}, got 1 past due with another date;
      +3_599_999; ask → refresh 3; 3 fails → ${failed}, got 1 past due with another date;
      +5_000; ask → fetch 4; 4 fails → ${failed}, refused for 5 s: no route`,
    'ends the cooldown': `
      ask → fetch 1; 1 fails → ${failed}, refused for 5 s: no route; ask → refused for 5 s: no route;
      set -1; ask → fetch 2`,
    'during a fetch makes the next request start another': 'ask → fetch 1; ask; set -1; ask → fetch 2',
    'while a request waits for the prefetch leaves it half of its budget': `
      prefetch → fetch 1; ask; set -3_600_000; +1_000 → fetch 2; +999;
      +1 → 1 aborted: ${givenUp}, prefetched,
        2 aborted: ${halfGivenUp}, failure: ${halfGivenUp}, refused for 5 s: ${halfGivenUp}`,
  });
});

describe('the patience of a request with a good value', () => {
  examples({
    'is spent once on each refresh, which continues: who comes later does not wait for it': `
      ${due}; +200; ask; +99; +1 → got 1 past due, got 1 past due; ask → got 1 past due;
      +1_699; 2 brings; ask → got 2`,
    'does not keep a refresh from being given up on after the budget, which is a failure': `
      ${due}; +300 → got 1 past due; +1_699; +1 → 2 aborted: ${givenUp}, failure: ${givenUp};
      +4_999; ask → got 1 past due; +1; ask → refresh 3`,
  });
  examples({ 'may be none': `${due}; +0 → got 1 past due` }, { refreshPatienceMs: 0 });
  examples(
    {
      'serves what was good when the request came, though it is too stale when the wait is over': `
        ${filled}; +300_099; ask → refresh 2; +300 → got 1 past due`,
      'is not for a request without one, which waits for the same refresh to the end of its budget': `
        ${due}; +100; ask; +200 → got 1 past due; +1_699;
        +1 → 2 aborted: ${givenUp}, failure: ${givenUp}, refused for 5 s: ${givenUp}`,
    },
    { maxStalenessMs: 100 },
  );
});

describe.each([
  { random: 0, cooldownMs: 5_000, waits: [5_000, 5_000, 5_000] },
  // Up to twice the cooldown, four times, eight times, a minute.
  { random: 0.5, cooldownMs: 5_000, waits: [7_500, 12_500, 22_500, 32_500, 32_500] },
  { random: 1, cooldownMs: 5_000, waits: [10_000, 20_000, 40_000, 60_000, 60_000] },
  { random: 1, cooldownMs: 59_999, waits: [60_000, 60_000] },
  { random: 1, cooldownMs: 60_001, waits: [60_001, 60_001] },
])('with $random of its jitter and a cooldown of $cooldownMs ms', ({ random, cooldownMs, waits }) => {
  const failing = (number: number) => `ask → refresh ${number}; ${number} fails → ${failed}, got 1 past due`;
  const script = waits.map((wait, index) => `+${wait - 1}; ask → got 1 past due; +1; ${failing(index + 3)}`);
  examples(
    { [`the back-off is ${waits}`]: `${filled}; +1_000; ${failing(2)}; ${script.join(';')}` },
    { random, cooldownMs, maxAgeMs: 1_000 },
  );
});

describe('the back-off', () => {
  examples(
    {
      'is none without a cooldown': `
        ${filled}; +1_000; ask → refresh 2; 2 fails → ${failed}, got 1 past due; ask → refresh 3;
        3 fails → ${failed}, got 1 past due; ask → refresh 4`,
    },
    { random: 1, cooldownMs: 0, maxAgeMs: 1_000 },
  );
  examples(
    {
      'starts again after a success': `
        ${filled}; +1_000; ask → refresh 2; 2 fails → ${failed}, got 1 past due;
        +10_000; ask → refresh 3; 3 fails → ${failed}, got 1 past due; +20_000; ask → refresh 4; 4 brings → got 4;
        +1_000; ask → refresh 5; 5 fails → ${failed}, got 4 past due; +9_999; ask → got 4 past due; +1; ask → refresh 6`,
      'is over when no good value serves any more: then the cooldown holds': `
        ${filled}; +30_900; ask → refresh 2; 2 fails → ${failed}, got 1 past due;
        +7_999; ask → got 1 past due; +1; ask → fetch 3`,
    },
    { random: 1, maxAgeMs: 1_000, maxStalenessMs: 38_000 },
  );
});

describe('a refresh that a freeze has cut', () => {
  const cut = (ms: number) => `${due}; +300 → got 1 past due; frozen ${ms}`;
  examples({
    'is no failure when its connection ends at the thaw': `${cut(60_000)}; 2 fails; ask → refresh 3`,
    // The timer is due 1,700 ms after the patience, and may be late by 250 ms before it is put down to a freeze.
    'is told from one that is late by its time: just late': `
      ${cut(1_950)}; +0 → 2 aborted: ${givenUp}, failure: ${givenUp}; ask → got 1 past due`,
    'is told from one that is late by its time: cut': `
      ${cut(1_951)}; +0 → 2 aborted: ${givenUp}; ask → refresh 3`,
    'continues in parallel with a new one, and all waiting requests get the first result': `${cut(60_000)}; ask → refresh 3; 2 brings → got 2`,
    'brings what is as old as its question': `${cut(299_699)}; 2 brings; ask → got 2; frozen 1; ask → refresh 3`,
    'starts no cooldown, and requests that wait for the next one continue to share it': `
      ${cut(1_800)}; ask → refresh 3; 2 fails → ${failed}; ask; 3 brings → got 3, got 3`,
    // Past due, but good: when its answer came nobody knew whether the new one would bring any.
    'is not waited for by a request without a good value': `
      ${cut(3_600_000)}; ask → fetch 3; 2 brings; 3 fails → ${failed}, got 2 past due`,
    'is given up on when another is cut too: two at most are under way': `
      ${cut(60_000)}; ask → refresh 3; frozen 60_000; ask → 2 aborted: A freeze has cut the fetch., refresh 4;
      3 brings → got 3, got 3; frozen 300_000; ask → refresh 5`,
  });
});
