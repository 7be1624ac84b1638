/** New LiveKit credentials while a meeting is on, on your own server: every step of docs/operations.md, in order. */
import { decodeJwt } from 'jose';
import { RoomServiceClient } from 'livekit-server-sdk';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { startPage } from '../../local/page/server.ts';
import { freePort } from '../../local/ports.ts';
import { type Laptop, startLaptop } from '../support/laptop.ts';
import { join, patiently, useBrowser } from './support/browser.ts';
import { renewedToken } from './support/signalling.ts';

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
let page: { url: string; close: () => Promise<void> };

beforeEach(async () => {
  port = await freePort();
  const pagePort = await freePort();
  laptop = await startLaptop({
    environment: { CREDENTIALS_MAX_AGE_SECONDS: '1' },
    parameters: { origins: `http://localhost:${pagePort}` },
  });
  page = await startPage({
    port: pagePort,
    settings: {
      tokenEndpoint: `${laptop.api.url}/api/reading-clubs/meetings/token`,
      signIn: {
        kind: 'development',
        issuerUrl: laptop.issuer.url,
        claims: { member: 'clubs', moderator: 'moderated', listener: 'listening' },
      },
    },
  });
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await page.close();
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
async function present(keys: typeof old): Promise<string[]> {
  const rooms = new RoomServiceClient(`http://127.0.0.1:${port}`, keys.apiKey, keys.apiSecret);
  // A server that has just started knows no room until the first reader is back.
  const participants = await rooms.listParticipants(`reading-club-${club}`).catch(() => []);
  return participants.map(({ identity }) => identity).sort();
}

/** Opens the meeting page in a browser of the reader's own, and joins without camera and microphone. */
async function joinAs(reader: string): Promise<Page> {
  const tab = await open({ reader: 'someone-else', club, pageUrl: page.url });
  await tab.getByLabel('Your reader id').fill(reader);
  await tab.getByLabel('Your name').fill(reader);
  await join(tab, { Camera: false, Microphone: false });
  return tab;
}

describe('A LiveKit server that knows two keys', () => {
  test('renews tokens with either, so that deleting the old key refuses readers who joined with the new one', async () => {
    await restart(both);
    await putSecret(next);
    const joinedWith = await Promise.all(
      Array.from({ length: 24 }, (_, index) => tokenFor(`reader-${index}`)),
    );
    expect(new Set(joinedWith.map((token) => decodeJwt(token).iss))).toEqual(new Set([next.apiKey]));

    const renewed = await Promise.all(
      joinedWith.map((token) => renewedToken(`ws://127.0.0.1:${port}`, token)),
    );
    const renewedWithOld = renewed.filter((token) => decodeJwt(token).iss === old.apiKey);
    expect(renewedWithOld).not.toEqual([]);

    await restart(next);
    const answers = await Promise.all(
      renewed.map(async (token) => {
        const response = await fetch(`http://127.0.0.1:${port}/rtc/validate?access_token=${token}`);
        return { issuer: decodeJwt(token).iss, status: response.status };
      }),
    );
    for (const { issuer, status } of answers) expect(status).toBe(issuer === next.apiKey ? 200 : 401);
  });
});

describe('A rotation to its end', () => {
  test('loses no reader: who is refused with the token of the old key joins again by themselves', async () => {
    await restart(old);
    await putSecret(old);
    const names = Array.from(
      { length: meetingSize },
      (_, index) => `reader-${String(index).padStart(2, '0')}`,
    );
    const tabs = await Promise.all(names.map(joinAs));
    expect(await present(old)).toEqual(names);
    const refusals: string[] = [];
    for (const tab of tabs) {
      tab.on('response', (response) => {
        if (response.status() === 401) refusals.push(response.url());
      });
    }

    await restart(both);
    await expect.poll(() => present(old), patiently).toEqual(names);
    expect(refusals).toEqual([]);

    await putSecret(next);
    await restart(next);
    await expect.poll(() => present(next), patiently).toEqual(names);
    for (const tab of tabs) await tab.getByText(`${meetingSize} people`).waitFor();
    expect(refusals.length).toBeGreaterThan(0);
  });
});
