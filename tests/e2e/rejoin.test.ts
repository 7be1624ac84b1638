/** A reader whose connection LiveKit’s client can’t restore is in the meeting again all the same, with a new token. */
import { describe, expect, inject, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { expectToSeeAndHear, join, messages, patiently, say, useBrowser } from './support/browser.ts';
import { after, answerFor, before, useServers } from './support/rotation.ts';

const { open } = useBrowser();
const { startServer, killServers } = useServers();
const { tokenEndpoint } = inject('stack');

describe('A reader', () => {
  test('whose token is refused when they reconnect joins again, with camera and microphone as they were', async () => {
    const port = await freePort();
    await startServer(port, before);
    const [ana, bruno] = await Promise.all([
      open({ reader: 'user-001', club: 'rotation' }),
      open({ reader: 'user-002', club: 'rotation' }),
    ]);
    for (const page of [ana, bruno]) {
      await answerFor(page, port, before);
      await join(page);
    }
    await expectToSeeAndHear(bruno, 'Ana');
    await ana.getByRole('button', { name: 'Microphone', pressed: true }).click();
    await ana.getByRole('button', { name: 'Microphone', pressed: false }).waitFor();

    const refused = ana.waitForResponse(
      (response) => response.url().includes('/validate') && response.status() === 401,
    );
    const askedAgain = [ana, bruno].map((page) =>
      page.waitForResponse((response) => response.url() === tokenEndpoint && response.status() === 200),
    );
    await killServers();
    for (const page of [ana, bruno]) await answerFor(page, port, after);
    await startServer(port, after);

    await refused;
    await Promise.all(askedAgain);
    for (const page of [ana, bruno]) await page.getByText('2 people').waitFor();
    await say(bruno, 'Here again.');
    await expect.poll(() => messages(ana), patiently).toEqual(['Bruno\nHere again.']);
    await expectToSeeAndHear(ana, 'Bruno');
    expect(await ana.getByRole('button', { name: 'Camera', pressed: true }).isVisible()).toBe(true);
    expect(await ana.getByRole('button', { name: 'Microphone', pressed: false }).isVisible()).toBe(true);
    expect(await ana.getByRole('alert').textContent()).toBe('');
  });

  test('can leave while the page tries to join again, and is not brought back', async () => {
    const port = await freePort();
    await startServer(port, before);
    const ana = await open({ reader: 'user-001', club: 'gone' });
    await answerFor(ana, port, before);
    await join(ana);
    await killServers();
    await startServer(port, after);
    await ana.getByText('Joining again').waitFor();
    await ana.getByRole('button', { name: 'Leave' }).click();
    await ana.getByText('You have left reading-club-gone.').waitFor();
    await answerFor(ana, port, after);
    const asked = ana.waitForRequest(tokenEndpoint, { timeout: 5_000 }).then(
      () => 'asked',
      () => 'not asked',
    );
    expect(await asked).toBe('not asked');
  });

  test('who may not enter any more is told so, and not brought back', async () => {
    const port = await freePort();
    await startServer(port, before);
    const ana = await open({ reader: 'user-001', club: 'former' });
    await answerFor(ana, port, before);
    await join(ana);
    await ana.unrouteAll();
    await ana.route(tokenEndpoint, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      const response = await route.fetch();
      const json = { error: 'You are not a member.', code: 'not_a_member', request_id: 'request-1' };
      await route.fulfill({ response, status: 403, json });
    });
    await killServers();
    await startServer(port, after);
    await ana.getByRole('alert').getByText('You can’t enter this club’s meeting.').waitFor();
    expect(await ana.getByRole('heading', { name: 'Your token' }).isVisible()).toBe(true);
  });
});
