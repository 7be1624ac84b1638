/** Readers meet: the real page, endpoint and LiveKit server, and a real browser. What each role may do, by LiveKit's word. */
import { createRequire } from 'node:module';
import { decodeJwt } from 'jose';
import type { Room } from 'livekit-client';
import { describe, expect, inject, test } from 'vitest';
import {
  enter,
  expectToSeeAndHear,
  getToken,
  join,
  messages,
  patiently,
  picture,
  press,
  problemOn,
  received,
  say,
  tileOf,
  useBrowser,
} from './support/browser.ts';
import { liveKit, peopleIn, roomService, validate } from './support/livekit-api.ts';
import { meetingToken } from './support/reader.ts';

const { open, meet } = useBrowser();
const { liveKitUrl } = inject('stack');

/** A token of the endpoint for a reader in the one role or the other; a moderator is listed as a member too, as most are. */
const tokenAs = (role: 'member' | 'moderator' | 'listener', sub: string, club: string) =>
  meetingToken(
    {
      sub,
      name: 'Ana',
      clubs: {
        reading_clubs: [club],
        moderated_clubs: role === 'moderator' ? [club] : [],
        listening_clubs: role === 'listener' ? [club] : [],
      },
    },
    club,
  );

describe('Members', () => {
  test('see, hear and read each other, and a reader of another club nothing of it', async () => {
    const chidi = await open({ reader: 'user-003', club: 'poems' });
    await join(chidi);
    const [ana, bruno] = await meet('novels');
    await expectToSeeAndHear(ana, 'Bruno');
    await expectToSeeAndHear(bruno, 'Ana');

    await say(ana, 'Shall we begin with chapter nine?');
    await expect.poll(() => messages(bruno), patiently).toEqual(['Ana\nShall we begin with chapter nine?']);
    await say(bruno, '<b>Gladly.</b>');
    await expect.poll(() => messages(ana), patiently).toHaveLength(2);
    await picture(ana, '3 during the meeting');

    expect(await peopleIn('reading-club-poems')).toEqual(['user-003 Chidi: camera, microphone']);
    expect(await chidi.getByText('Only you').isVisible()).toBe(true);
    expect(await messages(chidi)).toEqual([]);
    expect(await received(chidi)).toEqual({ videoFrames: 0, audioSamples: 0, audioEnergy: 0 });

    // They moderate nobody.
    await tileOf(ana, 'Bruno').getByText('⋯').click();
    expect(await tileOf(ana, 'Bruno').getByRole('button').allTextContents()).toEqual(['Enlarge Bruno']);

    await bruno.getByRole('button', { name: 'Leave' }).click();
    await bruno.getByText('You have left the meeting.').waitFor();
    await picture(bruno, '4 after the meeting');
    await ana.getByText('Bruno has left.').waitFor();
    expect(await tileOf(ana, 'Bruno').count()).toBe(0);
    expect((await messages(ana))[1]).toBe('Bruno\n<b>Gladly.</b>');
  });

  test('switch camera and microphone, and the others notice', async () => {
    const [ana, bruno] = await meet('switches');
    const sent = (what: string) =>
      expect.poll(() => peopleIn('reading-club-switches'), patiently).toContain(`user-001 Ana: ${what}`);
    await sent('camera, microphone');
    await ana.getByRole('button', { name: 'Microphone', exact: true }).click();
    await tileOf(bruno, 'Ana').getByText('muted').waitFor();
    await ana.getByRole('button', { name: 'Camera', exact: true }).click();
    await sent('nothing');
    await ana.getByRole('button', { name: 'Camera', exact: true }).click();
    await ana.getByRole('button', { name: 'Microphone', exact: true }).click();
    await expectToSeeAndHear(bruno, 'Ana');
  });
});

test('A listener sees, hears and writes, is told that they can’t speak, and has no switches', async () => {
  const ana = await open({ reader: 'user-001', club: 'lecture' });
  await join(ana);
  const chidi = await open({ reader: 'user-003', club: 'lecture', as: 'listener' });
  await getToken(chidi);
  await chidi.getByRole('listitem').filter({ hasText: '– video.canPublish' }).first().waitFor();
  await chidi.getByRole('link', { name: 'Go to the meeting' }).click();
  await enter(chidi);
  await expectToSeeAndHear(chidi, 'Ana');
  await chidi.getByText('You are here to listen').waitFor();
  expect(await chidi.getByRole('button', { name: /Microphone|Camera/ }).count()).toBe(0);
  await say(chidi, 'I listen.');
  await expect.poll(() => messages(ana), patiently).toEqual(['Chidi\nI listen.']);
  await picture(chidi, '8 a listener');
  await tileOf(ana, 'Chidi').getByText('listening').waitFor();
});

test('A moderator is seen as one, mutes others, lets them speak or not, and removes them, also when their token has expired', async () => {
  const [ana, bruno] = await meet('host', { as: 'moderator' });
  await expectToSeeAndHear(ana, 'Bruno');
  for (const page of [ana, bruno]) {
    await tileOf(page, 'Ana').getByText('moderator').waitFor();
    expect(await tileOf(page, 'Bruno').getByText('moderator').count()).toBe(0);
  }
  const attributesOf = async (identity: string) =>
    (await liveKit.getParticipant('reading-club-host', identity)).attributes;
  expect(await attributesOf('user-001')).toEqual({ role: 'moderator' });
  expect(await attributesOf('user-002')).toEqual({});
  await picture(ana, '9 a moderator');

  ana.on('dialog', (dialog) => dialog.accept());
  const sentBy = (what: string) =>
    expect.poll(() => peopleIn('reading-club-host'), patiently).toContain(`user-002 Bruno: ${what}`);
  await press(ana, 'Bruno', 'Mute Bruno');
  await bruno.getByText('A moderator has muted your microphone.').waitFor();
  await sentBy('camera');
  await bruno.getByRole('button', { name: 'Microphone', exact: true }).click();
  await sentBy('camera, microphone');
  await press(ana, 'Bruno', 'Let Bruno only listen');
  await bruno.getByText('You are here to listen').waitFor();
  await sentBy('nothing');
  await press(ana, 'Bruno', 'Let Bruno speak');
  await bruno.getByRole('button', { name: 'Microphone', exact: true }).click();
  await sentBy('microphone');

  // By the page's clock, the token that Ana joined with has expired.
  await ana.clock.setFixedTime(Date.now() + 11 * 60_000);
  await press(ana, 'Bruno', 'Remove Bruno');
  expect(await problemOn(bruno)).toBe('A moderator has removed you from the meeting.');
  await ana.getByText('Bruno has left.').waitFor();
  expect(await peopleIn('reading-club-host')).toEqual(['user-001 Ana: camera, microphone']);
});

describe('A token can do no more than it says:', () => {
  const room = 'reading-club-own';
  const other = 'reading-club-another';
  test.each<[method: string, parameters: object, forModerators: boolean]>([
    ['ListRooms', {}, false],
    ['CreateRoom', { name: 'reading-club-mine' }, false],
    ['DeleteRoom', { room }, false],
    ['ListParticipants', { room: other }, false],
    ['RemoveParticipant', { room: other, identity: 'user-002' }, false],
    ['ListParticipants', { room }, true],
    ['RemoveParticipant', { room, identity: 'user-002' }, true],
    ['MutePublishedTrack', { room, identity: 'user-002', track_sid: 'TR_x', muted: true }, true],
    ['UpdateParticipant', { room, identity: 'user-001', permission: {} }, true],
  ])('%s with %j', async (method, parameters, forModerators) => {
    const refused = { code: 'unauthenticated', msg: 'permissions denied' };
    const answerTo = async (role: 'member' | 'moderator') =>
      roomService(await tokenAs(role, 'user-001', 'own'), method, parameters);
    expect(await answerTo('member')).toEqual({ status: 401, body: JSON.stringify(refused) });
    const { status } = await answerTo('moderator');
    if (forModerators) expect(status).not.toBe(401);
    else expect(status).toBe(401);
  });

  test('a member’s has its room, its reader and five grants, and nothing else', async () => {
    const token = await tokenAs('member', 'user-001', 'own');
    expect(await validate(token)).toEqual({ status: 200, body: 'success' });
    expect(decodeJwt(token)).toEqual({
      iss: 'devkey',
      sub: 'user-001',
      name: 'Ana',
      nbf: expect.any(Number),
      exp: expect.any(Number),
      video: { room, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
    });
  });

  test('nobody gets a role by asking LiveKit for it on the way in', async () => {
    const attributes = Buffer.from(JSON.stringify({ role: 'moderator' })).toString('base64');
    expect(await validate(await tokenAs('member', 'user-003', 'own'), { attributes })).toEqual({
      status: 401,
      body: 'no permissions to access the room',
    });
  });

  test('a listener who takes the role, or publishes, is refused by the server', async () => {
    const page = await open({ reader: 'user-003', club: 'claims', browser: { bypassCSP: true } });
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('livekit-client') });
    const token = await tokenAs('listener', 'user-003', 'claims');
    const outcome = await page.evaluate(
      async ({ url, token }) => {
        const { LivekitClient } = window as unknown as { LivekitClient: { Room: new () => Room } };
        const room = new LivekitClient.Room();
        await room.connect(url, token);
        const reader = room.localParticipant;
        const role = await reader.setAttributes({ role: 'moderator' }).catch((error: Error) => error.message);
        // The client would not even ask; so it is made to believe that it may.
        const permissions = { ...reader.permissions, canPublish: true };
        Object.defineProperty(reader, 'permissions', { get: () => permissions });
        const refusal = new Promise((resolve) => {
          room.engine.on('signalRequestResponse', ({ reason }) => resolve(reason));
        });
        const published = reader.setMicrophoneEnabled(true).then(() => 'published');
        return { role, microphone: await Promise.race([refusal, published.catch(() => refusal)]) };
      },
      { url: liveKitUrl, token },
    );
    // LiveKit's `RequestResponse.Reason.NOT_ALLOWED`
    expect(outcome).toEqual({ role: 'does not have permission to update own metadata', microphone: 2 });
    const { attributes, tracks } = await liveKit.getParticipant('reading-club-claims', 'user-003');
    expect([attributes, tracks]).toEqual([{ role: 'listener' }, []]);
  });
});
