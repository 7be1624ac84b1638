/**
 * What a reader lives through with a front end as the guide has it: the meeting page is made of the guide's files. After each step,
 * who LiveKit says is in which room, with which devices, and what the reader was told.
 */
import { RoomServiceClient } from 'livekit-server-sdk';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { change, enter, join, patiently, press, problemOn, toldOn, useBrowser } from './support/browser.ts';
import { liveKit, peopleIn } from './support/livekit-api.ts';
import { after, answerFor, before, useServers } from './support/rotation.ts';

const { open, meet } = useBrowser();
const { startServer, killServers } = useServers();
const { tokenEndpoint, pageUrl } = inject('stack');

const room = (club: string) => `reading-club-${club}`;
const expectIn = (club: string, people: string[], server?: RoomServiceClient) =>
  expect.poll(() => peopleIn(room(club), server), patiently).toEqual(people);
const both = 'camera, microphone';

/** Lets the endpoint answer this instead, in the page's sight, while `isSo`. */
async function answerInstead(page: Page, isSo: () => boolean, status: number, json: object): Promise<void> {
  const headers = { 'access-control-allow-origin': pageUrl, 'access-control-expose-headers': 'retry-after' };
  await page.route(tokenEndpoint, (route) =>
    isSo() && route.request().method() === 'POST'
      ? route.fulfill({ status, headers: { ...headers, 'retry-after': '2' }, json })
      : route.continue(),
  );
}
/** Lets the page's timers, but nothing else, run faster until it shows this. */
async function hurry(page: Page, until: Locator): Promise<void> {
  await page.clock.install();
  const isThere = async () => {
    await page.clock.fastForward(5_000);
    return until.isVisible();
  };
  await expect.poll(isThere, { ...patiently, interval: 500 }).toBe(true);
}
const unavailable = { error: 'Unavailable.', code: 'credentials_unavailable', request_id: 'request-1' };

test('another reader on the same page is themselves, in the club that they chose, and only there', async () => {
  const page = await open({ reader: 'user-001', club: 'first', as: 'moderator' });
  await join(page);
  await expectIn('first', [`user-001 Ana: ${both}`]);
  await change(page, { reader: 'user-002', as: 'member' });
  await expectIn('first', []);
  expect(await page.getByRole('button', { name: 'Leave' }).count()).toBe(0);
  await enter(page);
  await expectIn('first', [`user-002 Bruno: ${both}`]);
  expect((await liveKit.getParticipant(room('first'), 'user-002')).attributes).toEqual({});

  await change(page, { club: 'second' });
  await expectIn('first', []);
  await page.getByRole('heading', { name: room('second') }).waitFor();
  await enter(page);
  await expectIn('second', [`user-002 Bruno: ${both}`]);
  // Back to the first one: nobody asked to be in it again.
  await change(page, { club: 'first' });
  await expectIn('second', []);
  await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  expect([await peopleIn(room('first')), await toldOn(page)]).toEqual([[], '']);
});

test('who leaves, or takes another club, while the token is asked for is in no room', async () => {
  const page = await open({ reader: 'user-001', club: 'early' });
  await join(page);
  await page.getByRole('button', { name: 'Leave' }).click();
  expect(await problemOn(page)).toBe('You have left the meeting.');
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(tokenEndpoint, async (route) => {
    await released;
    await route.continue().catch(() => {});
  });
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await change(page, { club: 'late' });
  release();
  await page.unrouteAll({ behavior: 'wait' });
  await enter(page);
  await expectIn('late', [`user-001 Ana: ${both}`]);
  expect(await peopleIn(room('early'))).toEqual([]);
});

describe('A reader is in the meeting, and told nothing but what is so:', () => {
  const withoutDevices = (fault: string, kinds: string[]) => async (page: Page) => {
    await page.evaluate(
      ([fault, kinds]) => {
        const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (constraints) => {
          const isHit =
            (constraints?.video && kinds?.includes('video')) ||
            (constraints?.audio && kinds?.includes('audio'));
          if (isHit) throw new DOMException('As the test has it.', String(fault));
          return original(constraints);
        };
      },
      [fault, kinds] as const,
    );
  };
  const busy = (times: number) => async (page: Page) => {
    await answerInstead(page, () => times-- > 0, 503, unavailable);
  };
  test.each([
    { who: 'a listener', as: 'listener' as const, sent: 'nothing', told: '' },
    {
      who: 'one without a camera',
      prepare: withoutDevices('NotFoundError', ['video']),
      sent: 'microphone',
      told: 'Your camera is off. None was found',
    },
    {
      who: 'one who allows no devices',
      prepare: withoutDevices('NotAllowedError', ['video', 'audio']),
      sent: 'nothing',
      told: 'Your microphone is off. The browser does not let',
    },
    { who: 'one for whom the endpoint is busy three times', prepare: busy(3), sent: both, told: '' },
  ])('$who', async ({ who, as = 'member' as const, prepare, sent, told }) => {
    const club = who.replaceAll(' ', '-');
    const page = await open({ reader: 'user-003', club, as });
    await join(page);
    await page.getByRole('button', { name: 'Leave' }).click();
    await problemOn(page);
    await prepare?.(page);
    await enter(page);
    await expectIn(club, [`user-003 Chidi: ${sent}`]);
    if (told === '') expect(await toldOn(page)).toBe('');
    else await page.getByRole('alert').getByText(told).waitFor();
  });
});

describe('A reader who is not in the meeting is told why:', () => {
  test('no member, a sign-in that has expired, credentials that stay away, a full room', async () => {
    const page = await open({ reader: 'user-001', club: 'refused' });
    await join(page);
    const tryAs = async (choices: Parameters<typeof change>[1]) => {
      await change(page, choices);
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      return problemOn(page);
    };
    expect(await tryAs({ as: 'stranger' })).toBe('You are not a member of this reading club.');
    await page.getByText('Your sign-in does not list this club.').waitFor();
    expect(await tryAs({ as: 'member', signIn: 'expired' })).toBe('Please sign in again.');
    await liveKit.createRoom({ name: room('full'), maxParticipants: 1 });
    const other = await open({ reader: 'user-002', club: 'full' });
    await join(other);
    expect(await tryAs({ club: 'full', signIn: 'valid' })).toContain('it may be full');
    expect(await peopleIn(room('refused'))).toEqual([]);
    await expectIn('full', [`user-002 Bruno: ${both}`]);
  });

  test('joined in another tab, removed, closed', async () => {
    const [first, second] = await meet('ends', {}, { reader: 'user-001' });
    expect(await problemOn(first)).toBe('You are in this meeting in another tab or on another device.');
    await expectIn('ends', [`user-001 Ana: ${both}`]);

    const bruno = await open({ reader: 'user-002', club: 'ends', as: 'moderator' });
    await join(bruno, { Camera: false, Microphone: false });
    bruno.on('dialog', (dialog) => dialog.accept());
    await press(bruno, 'Ana', 'Remove Ana');
    expect(await problemOn(second)).toBe('A moderator has removed you from the meeting.');
    await expectIn('ends', ['user-002 Bruno: nothing']);
    await liveKit.deleteRoom(room('ends'));
    expect(await problemOn(bruno)).toBe('The meeting was closed for everyone.');
  });
});

describe('When LiveKit restarts with another key', () => {
  const lose = async (club: string, reader = 'user-001', devices = {}) => {
    const port = await freePort();
    await startServer(port, before);
    const page = await open({ reader, club });
    await answerFor(page, port, before);
    await join(page, devices);
    return {
      port,
      page,
      server: new RoomServiceClient(`http://127.0.0.1:${port}`, after.apiKey, after.apiSecret),
    };
  };

  test('readers are back by themselves, with the devices that they had', async () => {
    const { port, page: ana, server } = await lose('restart');
    const bruno = await open({ reader: 'user-002', club: 'restart' });
    await answerFor(bruno, port, before);
    await join(bruno, { Camera: false, Microphone: false });
    await ana.getByRole('button', { name: 'Microphone', exact: true, pressed: true }).click();
    await ana.getByRole('button', { name: 'Microphone', exact: true, pressed: false }).waitFor();
    const refused = ana.waitForResponse(
      (answer) => answer.url().includes('/validate') && answer.status() === 401,
    );
    await killServers();
    for (const page of [ana, bruno]) await answerFor(page, port, after);
    await startServer(port, after);
    await refused;
    await expectIn('restart', ['user-001 Ana: camera', 'user-002 Bruno: nothing'], server);
    await ana.getByText('2 people').waitFor();
    expect([await toldOn(ana), await toldOn(bruno)]).toEqual(['', '']);
  });

  test('who leaves meanwhile stays out; so does who is no member any more, and is told so', async () => {
    const { port, page, server } = await lose('leaves');
    await killServers();
    await hurry(page, page.getByText('Joining again'));
    await page.getByRole('button', { name: 'Leave' }).click();
    expect(await problemOn(page)).toBe('You have left the meeting.');
    await answerFor(page, port, before);
    await startServer(port, before);
    await enter(page);
    await page.unrouteAll();
    await answerInstead(page, () => true, 403, {
      error: 'No.',
      code: 'not_a_member',
      request_id: 'request-1',
    });
    await killServers();
    await startServer(port, after);
    await hurry(page, page.getByText('You are not a member of this reading club.'));
    expect(await peopleIn(room('leaves'), server)).toEqual([]);
  });
});

test('a reader who is offline for longer than LiveKit’s own client tries is back by themselves, with the camera only', async () => {
  const page = await open({ reader: 'user-001', club: 'offline' });
  await join(page, { Microphone: false });
  await expectIn('offline', ['user-001 Ana: camera']);
  const sessionOf = async () => (await liveKit.getParticipant(room('offline'), 'user-001')).sid;
  const session = await sessionOf();
  const network = await page.context().newCDPSession(page);
  const setOffline = (offline: boolean) =>
    network.send('Network.emulateNetworkConditions', {
      ...{ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
      packetLoss: offline ? 100 : 0,
    });
  await setOffline(true);
  await hurry(page, page.getByText('Joining again'));
  await setOffline(false);
  await expect.poll(sessionOf, patiently).not.toBe(session);
  await expectIn('offline', ['user-001 Ana: camera']);
  await page.getByText('Joining again').waitFor({ state: 'hidden' });
  expect(await toldOn(page)).toBe('');
});
