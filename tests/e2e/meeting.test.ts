/** Readers meet: the real page, endpoint and LiveKit server, and a real browser. */
import { createRequire } from 'node:module';
import { describe, expect, inject, test } from 'vitest';
import {
  changeAnswers,
  enter,
  expectToSeeAndHear,
  getToken,
  join,
  messages,
  patiently,
  picture,
  received,
  say,
  tileOf,
  useBrowser,
} from './support/browser.ts';
import { identitiesIn, peopleIn } from './support/livekit-api.ts';
import { meetingToken, resign, signIn } from './support/reader.ts';

const { open } = useBrowser();

describe('The page shows the token', () => {
  test('with a tick for each claim and grant that LiveKit needs', async () => {
    const ana = await open({ reader: 'user-001', club: 'ticks' });
    await picture(ana, '1 before the meeting');
    await getToken(ana);
    await picture(ana, '2 the token');
    const checks = ana.getByRole('list', { name: 'What LiveKit needs' }).getByRole('listitem');
    await expect.poll(() => checks.count(), patiently).toBeGreaterThan(5);
    const lines = (await checks.allInnerTexts()).map((line) => line.split(/\s+/).slice(1, 4).join(' '));
    expect(lines).toEqual([
      'Good: iss devkey',
      'Good: alg HS256',
      expect.stringMatching(/^Good: exp \d/),
      expect.stringMatching(/^Good: nbf \d/),
      'Good: video.roomJoin true',
      'Good: sub user-001',
      'Good: video.room reading-club-ticks',
      'Good: video.canPublish true',
      'Good: video.canSubscribe true',
      'Good: video.canPublishData true',
    ]);
    expect(await ana.locator('.lead').first().textContent()).toContain(
      'opens reading-club-ticks to Ana, as member. The identity is user-001.',
    );
  });

  test('with a cross for one that is missing', async () => {
    const ana = await open({ reader: 'user-001', club: 'crosses' });
    await changeAnswers(ana, (answer) => ({ ...answer, participant_token: withoutGrants(answer) }));
    await getToken(ana);
    await picture(ana, '2 a token without grants');
    await ana.getByText('3 of 11 checks failed').waitFor();
    const crosses = await ana.getByRole('listitem').filter({ hasText: 'Wrong:' }).allInnerTexts();
    expect(crosses).toHaveLength(3);
    expect(crosses[0]).toContain('LiveKit will answer: 401 “permissions denied”');
  });
});

describe('The page checks any token that is pasted', () => {
  test('a good one, a whole answer, one without grants, and no token at all', async () => {
    const ana = await open({ reader: 'user-001', club: 'pasted' });
    await getToken(ana);
    await ana.getByText('Check another token').click();
    const input = ana.getByLabel('Any token, or a whole answer or error message that has one');
    const findings = ana.getByRole('list', { name: 'What the pasted token says' }).getByRole('listitem');
    const check = async (text: string) => {
      await input.fill(text);
      await ana.getByRole('button', { name: 'Check this token' }).click();
    };
    const says = (text: string) => ana.getByRole('status').filter({ hasText: text }).waitFor();

    const reader = { sub: 'user-001', name: 'Ana', clubs: { reading_clubs: ['pasted'] } };
    const token = await meetingToken(reader, 'pasted');
    await check(token);
    await says('LiveKit will let this token in.');
    await check(JSON.stringify({ token }, null, 2));
    await says('LiveKit will let this token in.');
    await check(await resign(token, { video: {} }));
    await says('LiveKit will refuse this token: 401 “permissions denied”.');
    const crosses = await findings.filter({ hasText: 'Wrong:' }).allInnerTexts();
    expect(crosses.map((line) => line.split(/\s+/)[2])).toEqual(['video', 'video.roomJoin', 'video.room']);
    await picture(ana, '2 a pasted token');
    await check('not a token');
    await says('invalid authorization token');
    await check('invalid API key for domain x');
    await says('two LiveKit Cloud projects');
    await check('');
    await says('There is no token yet');
    expect(await findings.count()).toBe(0);
  });
});

describe('In a meeting', () => {
  test('two readers see, hear and read each other, and a reader of another club nothing of it', async () => {
    const [ana, bruno, chidi] = await Promise.all([
      open({ reader: 'user-001', club: 'novels' }),
      open({ reader: 'user-002', club: 'novels' }),
      open({ reader: 'user-003', club: 'poems' }),
    ]);
    await join(chidi);
    await join(ana);
    await join(bruno);
    await expectToSeeAndHear(ana, 'Bruno');
    await expectToSeeAndHear(bruno, 'Ana');

    await say(ana, 'Shall we begin with chapter nine?');
    await expect.poll(() => messages(bruno), patiently).toEqual(['Ana\nShall we begin with chapter nine?']);
    await say(bruno, '<b>Gladly.</b>');
    await expect
      .poll(() => messages(ana), patiently)
      .toEqual(['Ana\nShall we begin with chapter nine?', 'Bruno\n<b>Gladly.</b>']);
    await picture(ana, '3 during the meeting');

    expect((await received(ana)).videoFrames).toBeGreaterThan(10);
    expect((await received(bruno)).audioSamples).toBeGreaterThan(0);
    expect(await identitiesIn('reading-club-novels')).toEqual(['user-001', 'user-002']);

    expect(await identitiesIn('reading-club-poems')).toEqual(['user-003']);
    expect(await chidi.getByText('Only you').isVisible()).toBe(true);
    expect(await messages(chidi)).toEqual([]);
    expect(await received(chidi)).toEqual({ videoFrames: 0, audioSamples: 0, audioEnergy: 0 });

    await bruno.getByRole('button', { name: 'Leave' }).click();
    await bruno.getByText('You have left the meeting.').waitFor();
    await picture(bruno, '4 after the meeting');
    await ana.getByText('Bruno has left.').waitFor();
    expect(await tileOf(ana, 'Bruno').count()).toBe(0);
  });

  test('camera and microphone can be switched, and the others notice', async () => {
    const [ana, bruno] = await Promise.all([
      open({ reader: 'user-001', club: 'switches' }),
      open({ reader: 'user-002', club: 'switches' }),
    ]);
    await join(ana);
    await join(bruno);
    await expectToSeeAndHear(bruno, 'Ana');
    const microphone = ana.getByRole('button', { name: 'Microphone', exact: true });
    const camera = ana.getByRole('button', { name: 'Camera', exact: true });

    await microphone.click();
    await tileOf(bruno, 'Ana').getByText('muted').waitFor();
    await camera.click();
    await expect.poll(() => peopleIn('reading-club-switches'), patiently).toContain('user-001 Ana: nothing');
    await camera.click();
    await microphone.click();
    await expectToSeeAndHear(bruno, 'Ana');
  });

  test('all of it works by keyboard, and the focus follows', async () => {
    const ana = await open({ reader: 'user-001', club: 'keys' });
    const focused = () =>
      ana.evaluate(() => document.activeElement?.textContent || document.activeElement?.ariaLabel);
    const tabTo = async (text: string) => {
      for (let presses = 0; presses < 30 && (await focused()) !== text; presses++)
        await ana.keyboard.press('Tab');
      expect(await focused()).toBe(text);
    };
    // At first nothing has the focus, so nothing is outlined.
    expect(await ana.evaluate(() => document.activeElement === document.body)).toBe(true);
    await tabTo('Sign in and get a token');
    await ana.keyboard.press('Enter');
    await expect.poll(focused, patiently).toBe('Your token');
    expect(
      await ana.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle),
    ).toBe('solid');
    await tabTo('Go to the meeting');
    await ana.keyboard.press('Enter');
    await expect.poll(focused, patiently).toBe('reading-club-keys');
    await ana.keyboard.press('Tab');
    await ana.keyboard.press('Space');
    await tabTo('Join');
    await ana.keyboard.press('Enter');
    await expect.poll(() => peopleIn('reading-club-keys'), patiently).toEqual(['user-001 Ana: microphone']);
    await tabTo('Message to everyone');
    await ana.keyboard.type('Anybody here?');
    await ana.keyboard.press('Enter');
    await expect.poll(() => messages(ana), patiently).toEqual(['Ana\nAnybody here?']);
    await tabTo('Leave');
    await ana.keyboard.press('Enter');
    await expect.poll(() => peopleIn('reading-club-keys'), patiently).toEqual([]);
  });

  test.each([
    { width: 360, height: 740, colorScheme: 'dark' as const },
    { width: 320, height: 640, colorScheme: 'light' as const },
  ])('a window $width pixels wide ($colorScheme) is wide enough', async ({ width, height, colorScheme }) => {
    const options = { viewport: { width, height }, colorScheme };
    const club = `narrow-${width}`;
    const ana = await open({ reader: 'user-001', club, as: 'moderator', browser: options });
    const bruno = await open({ reader: 'user-002', club });
    await join(bruno);
    const overflow = () =>
      ana.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await picture(ana, `6 narrow ${width} before`);
    expect(await overflow()).toBe(0);
    await getToken(ana);
    await picture(ana, `6 narrow ${width} token`);
    expect(await overflow()).toBe(0);
    await ana.getByRole('button', { name: 'Go to the meeting' }).click();
    await enter(ana);
    await expectToSeeAndHear(ana, 'Bruno');
    await say(bruno, `Look: https://example.org/${'long-'.repeat(30)}`);
    await expect.poll(() => messages(ana), patiently).toHaveLength(1);
    await picture(ana, `6 narrow ${width} meeting`);
    expect(await overflow()).toBe(0);
  });
});

describe('livekit-client’s own TokenSource.endpoint', () => {
  const { tokenEndpoint } = inject('stack');
  const library = createRequire(import.meta.url).resolve('livekit-client');

  /** Runs in the page's origin, so across origins from the API; the page's own rules would keep the library out. */
  const fetchToken = async (clubs: string[], options: Record<string, string>) => {
    const page = await open({ reader: 'user-001', club: 'sdk', browser: { bypassCSP: true } });
    await page.addScriptTag({ path: library });
    const bearer = await signIn({ sub: 'user-001', name: 'Ana', clubs: { reading_clubs: clubs } });
    return page.evaluate(
      async ({ url, headers, fetchOptions }) => {
        const { TokenSource } = (window as unknown as { LivekitClient: typeof import('livekit-client') })
          .LivekitClient;
        return TokenSource.endpoint(url, { headers })
          .fetch(fetchOptions)
          .then(
            (answer) => ({ ...answer, error: undefined }),
            (error: Error) => ({ error: error.message, serverUrl: undefined, participantToken: undefined }),
          );
      },
      { url: tokenEndpoint, headers: { authorization: `Bearer ${bearer}` }, fetchOptions: options },
    );
  };

  test('gets a token, given the header', async () => {
    const answer = await fetchToken(['sdk'], { roomName: 'reading-club-sdk', participantName: 'Ana' });
    expect(answer.error).toBeUndefined();
    expect(answer.serverUrl).toMatch(/^ws:\/\/localhost:\d+/);
    expect(answer.participantToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('gets a clean 400 when it is called without saying which room', async () => {
    const answer = await fetchToken(['sdk'], {});
    expect(answer.error).toContain('400');

    const bearer = await signIn({ sub: 'user-001', name: 'Ana', clubs: { reading_clubs: ['sdk'] } });
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', details: expect.any(Array) });
  });
});

/** The answer's token with `video: {}`, its signature broken, as the page has no use of it. */
function withoutGrants({ participant_token: token }: Record<string, unknown>): string {
  const [head, payload = ''] = String(token).split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), video: {} };
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.none`;
}
