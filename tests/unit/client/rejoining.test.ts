/**
 * LiveKit restarts and everybody is lost at the same moment: the client itself, and a
 * gateway that lets in what the default throttling lets in. The table of docs/capacity.md is this test's.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stayInMeeting } from '../../../client/stay.ts';
import { createTokenClient } from '../../../client/token-client.ts';
import { defaults } from '../../../scripts/simulation/limits.ts';
import { randomFrom, tokenBucket } from '../../../scripts/simulation/model.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer } from './support/answer.ts';
import { LocalRoom } from './support/local-room.ts';

const { stage } = defaults.limits;

async function restart(readers: number) {
  const clock = manualClock(0);
  const random = randomFrom(1);
  const accepts = tokenBucket(stage);
  const perReader = new Map<number, number>();
  const perSecond = new Map<number, number>();
  const count = <T>(counts: Map<T, number>, key: T) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const fetchAs = (reader: number) => async () => {
    count(perReader, reader);
    count(perSecond, Math.floor(clock.now() / 1000));
    return accepts(clock.now())
      ? new Response(JSON.stringify(answer))
      : new Response('{"message":"Too Many Requests"}', { status: 429 });
  };
  const back: number[] = [];
  for (let reader = 0; reader < readers; reader += 1) {
    const room = new LocalRoom();
    room.join();
    const fetch = fetchAs(reader);
    const client = createTokenClient({ url: '', getBearer: () => 'jwt', clock, random, fetch });
    const onRejoined = () => back.push(clock.now());
    stayInMeeting(room, client, { reading_club_id: 123 }, { onRejoined, clock, random });
    room.end();
  }
  await clock.advance(600_000);
  const requests = [...perReader.values()];
  return {
    back: back.length,
    mean: requests.reduce((sum, value) => sum + value, 0) / readers,
    most: Math.max(...requests),
    peak: Math.max(...perSecond.values()),
    lastS: Math.max(...back) / 1000,
    throttlingAloneS: Math.max(0, (readers - stage.burst) / stage.perSecond),
  };
}

const page = readFileSync(new URL('../../../docs/capacity.md', import.meta.url), 'utf8');

test.each([20, 1_000, 3_000, 10_000])(
  '%i readers come back, as the page says',
  { timeout: 120_000 },
  async (readers) => {
    const { back, mean, most, peak, lastS, throttlingAloneS } = await restart(readers);
    expect(back).toBe(readers);
    expect(most).toBeLessThanOrEqual(4);
    expect(lastS).toBeLessThan(Math.max(3, 2 * throttlingAloneS));
    const n = (value: number) => value.toLocaleString('en');
    const row = `| ${n(readers)} | ${mean.toFixed(1)}; ${most} | ${n(peak)} | ${lastS.toFixed(0)} s | ${throttlingAloneS.toFixed(0)} s |`;
    expect(page).toContain(row);
  },
);
