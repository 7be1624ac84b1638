/** New LiveKit credentials while a meeting is on, on your own server: every step of docs/operations.md, in order. */
import { decodeJwt } from 'jose';
import { RoomServiceClient } from 'livekit-server-sdk';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { type Laptop, startLaptop } from '../support/laptop.ts';
import { join, patiently, useBrowser } from './support/browser.ts';
import { peopleIn } from './support/livekit-api.ts';
import { usualClaims } from './support/reader.ts';

const binary = (await findLiveKit(process.env)) ?? expect.fail(howToGetLiveKit);
const { open } = useBrowser();

const old = { apiKey: 'APIold', apiSecret: 'the-old-secret-of-32-characters!' };
const next = { apiKey: 'APInext', apiSecret: 'the-next-secret-of-32-characters' };
const both = { ...old, furtherKeys: { [next.apiKey]: next.apiSecret } };

const club = 'rotation';

/** How many readers are in the meeting; `MEETING_SIZE` makes it another one. */
const meetingSize = Number(process.env['MEETING_SIZE'] || 4);

let port: number;
let server: LiveKit | undefined;
let laptop: Laptop;

beforeEach(async () => {
  port = await freePort();
  laptop = await startLaptop({
    environment: { CREDENTIALS_MAX_AGE_SECONDS: '1' },
    parameters: { origins: inject('stack').pageUrl },
  });
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await laptop.close();
});

/**
 * Starts the LiveKit server, or kills it and starts it again with these keys: asked to end, it waits for the participants, and
 * systemd or Docker kills it when that takes too long.
 */
async function restart(keys: typeof old | typeof both): Promise<void> {
  await server?.kill();
  server = await startLiveKit({ binary, port, ...keys });
}

/** Puts this pair into the secret, and waits until the endpoint signs with it. */
async function putSecret({ apiKey, apiSecret }: typeof old): Promise<void> {
  laptop.putSecret({
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
    LIVEKIT_WS_URL: `ws://localhost:${port}`,
  });
  await expect.poll(async () => decodeJwt(await tokenFor('operator')).iss, patiently).toBe(apiKey);
}

async function tokenFor(sub: string): Promise<string> {
  const response = await laptop.askForToken({ claims: { sub }, body: { reading_club_id: club } });
  const { token } = JSON.parse(await response.text());
  return String(token);
}

/** Who is in the meeting, by the server's word. */
const present = async ({ apiKey, apiSecret }: typeof old) =>
  peopleIn(`reading-club-${club}`, new RoomServiceClient(`http://127.0.0.1:${port}`, apiKey, apiSecret));

/** Opens the meeting page in a browser of the reader's own, and joins without camera and microphone. */
async function joinAs(reader: string): Promise<Page> {
  const tokenEndpoint = `${laptop.api.url}/api/reading-clubs/meetings/token`;
  const signIn = { kind: 'development' as const, issuerUrl: laptop.issuer.url, claims: usualClaims };
  const tab = await open({ reader, club, settings: { tokenEndpoint, signIn } });
  await join(tab, { Camera: false, Microphone: false });
  return tab;
}

describe('A rotation to its end', () => {
  test('loses no reader: who is refused with the token of the old key joins again by themselves', async () => {
    await restart(old);
    await putSecret(old);
    const names = Array.from(
      { length: meetingSize },
      (_, index) => `reader-${String(index).padStart(2, '0')}`,
    );
    const tabs = await Promise.all(names.map(joinAs));
    const all = names.map((name) => `${name} ${name}: nothing`);
    expect(await present(old)).toEqual(all);
    const refusals: string[] = [];
    for (const tab of tabs) {
      tab.on('response', (response) => {
        if (response.status() === 401) refusals.push(response.url());
      });
    }

    await restart(both);
    await expect.poll(() => present(old), patiently).toEqual(all);
    expect(refusals).toEqual([]);

    await putSecret(next);
    await restart(next);
    await expect.poll(() => present(next), patiently).toEqual(all);
    for (const tab of tabs) await tab.getByText(`${meetingSize} people`).waitFor();
    expect(refusals.length).toBeGreaterThan(0);
  });
});
