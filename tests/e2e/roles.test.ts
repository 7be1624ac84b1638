/** What each role may do in a meeting, according to the real LiveKit server. */
import { createRequire } from 'node:module';
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
import { identitiesIn, liveKit, peopleIn, roomService, validate } from './support/livekit-api.ts';
import { meetingToken } from './support/reader.ts';

const { open } = useBrowser();
const { liveKitUrl } = inject('stack');

/** LiveKit's `RequestResponse.Reason.NOT_ALLOWED`. */
const notAllowed = 2;

/** A reader in the one role or the other; a moderator is listed as a member too, as most are. */
const reader = (sub: string, club: string, role: 'member' | 'moderator' | 'listener') => ({
  sub,
  name: sub,
  clubs: {
    reading_clubs: [club],
    moderated_clubs: role === 'moderator' ? [club] : [],
    listening_clubs: role === 'listener' ? [club] : [],
  },
});

describe('A listener', () => {
  test('sees, hears and writes, is told that they can’t speak, and has no switches', async () => {
    const [ana, chidi] = await Promise.all([
      open({ reader: 'user-001', club: 'lecture' }),
      open({ reader: 'user-003', club: 'lecture', as: 'listener' }),
    ]);
    await join(ana);
    await getToken(chidi);
    await chidi.getByRole('listitem').filter({ hasText: 'Withheld: video.canPublish' }).first().waitFor();
    await picture(chidi, '8 a listener’s token');
    await chidi.getByRole('button', { name: 'Go to the meeting' }).click();
    await enter(chidi);
    await expectToSeeAndHear(chidi, 'Ana');
    await chidi.getByText('You are here to listen').waitFor();
    expect(await chidi.getByRole('button', { name: 'Microphone', exact: true }).count()).toBe(0);
    expect(await chidi.getByRole('button', { name: 'Camera', exact: true }).count()).toBe(0);
    await say(chidi, 'I listen.');
    await expect.poll(() => messages(ana), patiently).toEqual(['Chidi\nI listen.']);
    await picture(chidi, '8 a listener');
    await tileOf(ana, 'Chidi').getByText('listening').waitFor();
  });

  test('is refused by the server when they publish all the same', async () => {
    const club = 'silence';
    const ana = await open({ reader: 'user-001', club });
    await join(ana);
    const page = await open({ reader: 'user-003', club, browser: { bypassCSP: true } });
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('livekit-client') });
    const token = await meetingToken(reader('user-003', club, 'listener'), club);
    const reason = await page.evaluate(
      async ({ url, token }) => {
        const { Room } = (window as unknown as { LivekitClient: typeof import('livekit-client') })
          .LivekitClient;
        const room = new Room();
        await room.connect(url, token);
        // The client would not even ask; so it is made to believe that it may.
        const permissions = { ...room.localParticipant.permissions, canPublish: true };
        Object.defineProperty(room.localParticipant, 'permissions', { get: () => permissions });
        const refusal = new Promise<number>((resolve) => {
          room.engine.on('signalRequestResponse', ({ reason }) => resolve(reason));
        });
        const publication = room.localParticipant.setMicrophoneEnabled(true).then(
          () => 'published',
          () => refusal,
        );
        return Promise.race([refusal, publication]);
      },
      { url: liveKitUrl, token },
    );
    expect(reason).toBe(notAllowed);
    const listener = await liveKit.getParticipant(`reading-club-${club}`, 'user-003');
    expect(listener.tracks).toEqual([]);
    expect(await received(ana)).toEqual({ videoFrames: 0, audioSamples: 0, audioEnergy: 0 });
  });
});

describe('A moderator', () => {
  test('mutes others, lets them speak or not, and removes them, also when the token that they joined with has expired', async () => {
    const [ana, bruno] = await Promise.all([
      open({ reader: 'user-001', club: 'host', as: 'moderator' }),
      open({ reader: 'user-002', club: 'host' }),
    ]);
    await join(ana);
    await join(bruno);
    await expectToSeeAndHear(ana, 'Bruno');
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
    await picture(bruno, '9 removed');
    await ana.getByText('Bruno has left.').waitFor();
    expect(await identitiesIn('reading-club-host')).toEqual(['user-001']);
  });

  test('has the server API for the one room: no list of rooms, no other room', async () => {
    const club = 'own-room';
    const token = await meetingToken(reader('user-001', club, 'moderator'), club);
    const bruno = await open({ reader: 'user-002', club });
    await join(bruno);
    await bruno.getByRole('button', { name: 'Microphone', exact: true, pressed: true }).waitFor();

    expect(await roomService(token, 'ListRooms', {})).toMatchObject({ status: 401 });
    const elsewhere = { room: 'reading-club-another', identity: 'user-002' };
    expect(await roomService(token, 'RemoveParticipant', elsewhere)).toMatchObject({ status: 401 });

    const room = `reading-club-${club}`;
    const [track] = (await liveKit.getParticipant(room, 'user-002')).tracks;
    const mute = { room, identity: 'user-002', track_sid: track?.sid, muted: true };
    expect(await roomService(token, 'MutePublishedTrack', mute)).toMatchObject({ status: 200 });
    const removal = { room, identity: 'user-002' };
    expect(await roomService(token, 'RemoveParticipant', removal)).toMatchObject({ status: 200 });
    await problemOn(bruno);
  });
});

describe('Who moderates', () => {
  test('is shown to everyone, also to those who join later', async () => {
    const club = 'visible';
    const ana = await open({ reader: 'user-001', club, as: 'moderator' });
    await join(ana);
    const bruno = await open({ reader: 'user-002', club });
    await join(bruno);
    await tileOf(bruno, 'Ana').getByText('moderator').waitFor();
    await tileOf(ana, 'Ana').getByText('moderator').waitFor();
    expect(await tileOf(bruno, 'Bruno').getByText('moderator').isVisible()).toBe(false);
    expect(await tileOf(ana, 'Bruno').getByText('moderator').isVisible()).toBe(false);
    const attributes = async (identity: string) =>
      (await liveKit.getParticipant(`reading-club-${club}`, identity)).attributes;
    expect(await attributes('user-001')).toEqual({ role: 'moderator' });
    expect(await attributes('user-002')).toEqual({});
  });

  test.each(['member', 'listener'] as const)('can’t be claimed by a %s in the meeting', async (role) => {
    const club = `claims-${role}`;
    const page = await open({ reader: 'user-003', club, browser: { bypassCSP: true } });
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('livekit-client') });
    const token = await meetingToken(reader('user-003', club, role), club);
    const outcome = await page.evaluate(
      async ({ url, token }) => {
        const { Room } = (window as unknown as { LivekitClient: typeof import('livekit-client') })
          .LivekitClient;
        const room = new Room();
        await room.connect(url, token);
        return room.localParticipant.setAttributes({ role: 'moderator' }).then(
          () => 'changed',
          (error: Error) => error.message,
        );
      },
      { url: liveKitUrl, token },
    );
    expect(outcome).toBe('does not have permission to update own metadata');
    const { attributes } = await liveKit.getParticipant(`reading-club-${club}`, 'user-003');
    expect(attributes).toEqual(role === 'listener' ? { role } : {});
  });

  test('can’t be claimed by a member who asks LiveKit for the attribute on the way in', async () => {
    const token = await meetingToken(reader('user-003', 'asking', 'member'), 'asking');
    const attributes = Buffer.from(JSON.stringify({ role: 'moderator' })).toString('base64');
    expect(await validate(token)).toMatchObject({ status: 200 });
    expect(await validate(token, { attributes })).toEqual({
      status: 401,
      body: 'no permissions to access the room',
    });
  });
});

describe('A member', () => {
  test('has no such buttons, and no such rights', async () => {
    const club = 'equals';
    const [ana, bruno] = await Promise.all([
      open({ reader: 'user-001', club }),
      open({ reader: 'user-002', club }),
    ]);
    await join(ana);
    await join(bruno);
    await expectToSeeAndHear(ana, 'Bruno');
    await tileOf(ana, 'Bruno').getByText('⋯').click();
    expect(await tileOf(ana, 'Bruno').getByRole('button').allTextContents()).toEqual(['Enlarge Bruno']);

    const token = await meetingToken(reader('user-001', club, 'member'), club);
    const room = `reading-club-${club}`;
    const [track] = (await liveKit.getParticipant(room, 'user-002')).tracks;
    const mute = { room, identity: 'user-002', track_sid: track?.sid, muted: true };
    expect(await roomService(token, 'MutePublishedTrack', mute)).toMatchObject({ status: 401 });
    const removal = { room, identity: 'user-002' };
    expect(await roomService(token, 'RemoveParticipant', removal)).toMatchObject({ status: 401 });
    expect(await identitiesIn(room)).toEqual(['user-001', 'user-002']);
  });
});
