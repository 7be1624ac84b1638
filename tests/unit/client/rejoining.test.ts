/**
 * LiveKit restarts and everybody is lost at the same moment: the client itself, a clock that jumps from timer to timer, and a
 * gateway that lets in what the default throttling lets in. The table of docs/capacity.md is this test's.
 */
import { readFileSync } from 'node:fs';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import TinyQueue from 'tinyqueue';
import { expect, test } from 'vitest';
import { stayInMeeting } from '../../../client/stay.ts';
import { createTokenClient } from '../../../client/token-client.ts';
import { answer, LocalRoom } from './support/local-room.ts';

/** The defaults of `throttling-rate` and `throttling-burst`. */
const perSecond = 50;
const burst = 100;

interface Timer {
  at: number;
  callback: (() => void) | undefined;
}

function jumpingClock() {
  let now = 0;
  const timers = new TinyQueue<Timer>([], (a, b) => a.at - b.at);
  return {
    now: () => now,
    after: (ms: number, callback: () => void) => {
      const timer: Timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timer.callback = undefined;
      };
    },
    /** Runs everything, until no timer is left. */
    run: async () => {
      for (let next = timers.pop(); next !== undefined; next = timers.pop()) {
        if (next.callback === undefined) continue;
        now = next.at;
        next.callback();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

async function restart(readers: number) {
  const clock = jumpingClock();
  const generator = xoroshiro128plus(42);
  const random = () => uniformFloat64(generator);
  const requests: number[] = [];
  const perReader = new Map<string, number>();
  let tokens = burst;
  let filledAt = 0;
  /** As the gateway's throttling. */
  const fetch = async (_url: unknown, { headers }: RequestInit = {}) => {
    const reader = new Headers(headers).get('authorization') ?? '';
    perReader.set(reader, (perReader.get(reader) ?? 0) + 1);
    requests.push(clock.now());
    tokens = Math.min(burst, tokens + ((clock.now() - filledAt) / 1000) * perSecond);
    filledAt = clock.now();
    if (tokens < 1) return new Response('{"message":"Too Many Requests"}', { status: 429 });
    tokens -= 1;
    return new Response(JSON.stringify(answer));
  };
  const back: number[] = [];
  let gaveUp = 0;
  for (let reader = 0; reader < readers; reader += 1) {
    const room = new LocalRoom();
    room.join();
    const client = createTokenClient({ url: '', getBearer: () => `${reader}`, clock, random, fetch });
    stayInMeeting(
      room,
      client,
      { reading_club_id: 123 },
      {
        onRejoined: () => back.push(clock.now()),
        onEnd: () => {
          gaveUp += 1;
        },
        clock,
        random,
      },
    );
    room.end();
  }
  await clock.run();
  const busiest = new Map<number, number>();
  for (const at of requests)
    busiest.set(Math.floor(at / 1000), (busiest.get(Math.floor(at / 1000)) ?? 0) + 1);
  return {
    back: back.length,
    gaveUp,
    mean: requests.length / readers,
    most: Math.max(...perReader.values()),
    peak: Math.max(...busiest.values()),
    lastS: Math.max(...back) / 1000,
    throttlingAloneS: Math.max(0, (readers - burst) / perSecond),
  };
}

const page = readFileSync(new URL('../../../docs/capacity.md', import.meta.url), 'utf8');

test.each([20, 1_000, 3_000, 10_000])(
  '%i readers come back, as the page says',
  { timeout: 120_000 },
  async (readers) => {
    const { back, gaveUp, mean, most, peak, lastS, throttlingAloneS } = await restart(readers);
    expect({ back, gaveUp }).toEqual({ back: readers, gaveUp: 0 });
    expect(most).toBeLessThanOrEqual(4);
    expect(lastS).toBeLessThan(Math.max(3, readers === 10_000 ? 2 * throttlingAloneS : 80));
    const n = (value: number) => value.toLocaleString('en');
    const row = `| ${n(readers)} | ${mean.toFixed(1)}; ${most} | ${n(peak)} | ${lastS.toFixed(0)} s | ${throttlingAloneS.toFixed(0)} s |`;
    expect(page).toContain(row);
  },
);
