/** The meeting page for those who do not see it, have no mouse, or a small window: axe-core's rules in every view, and the keyboard. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import {
  getToken,
  join,
  messages,
  patiently,
  picture,
  problemOn,
  say,
  tileOf,
  useBrowser,
} from './support/browser.ts';
import { peopleIn } from './support/livekit-api.ts';

const { open } = useBrowser();

/** Every rule of axe-core, also those that are off by default: for example, a button's name must contain its visible text. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'experimental'];

/** What axe-core finds wrong in the view, in light and in dark colours, one line a fault; and how far it is too wide. */
async function faultsIn(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
    for (const { id, nodes } of violations) {
      for (const { target } of nodes) found.push(`${colorScheme} ${id}: ${target.join(' ')}`);
    }
  }
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  return excess > 0 ? [...found, `${excess} pixels too wide`] : found;
}

describe.each([
  { width: 1200, height: 820 },
  { width: 320, height: 640 },
])('on a screen of $width pixels', (viewport) => {
  test('axe-core finds nothing, and every view fits', async () => {
    const club = `axe-${viewport.width}`;
    const browser = { viewport };
    const moderator = await open({ reader: 'user-001', club, as: 'moderator', browser });
    const listener = await open({ reader: 'user-002', club, as: 'listener', browser });
    const look = async (page: Page, view: string) => {
      expect(await faultsIn(page), view).toEqual([]);
      await picture(page, `${viewport.width} ${view}`);
    };
    await moderator.getByText('Roles, and what can go wrong').click();
    await look(moderator, '1 who');
    const field = moderator.getByLabel('Reading club');
    await field.fill('not a club');
    await moderator.getByRole('button', { name: 'Sign in and get a token' }).click();
    expect(await problemOn(moderator)).toContain('reading_club_id should be 1 to 64 letters');
    // It is marked and has the focus, until it changes.
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await look(moderator, '1 after an error');
    await field.fill(club);
    expect(await field.getAttribute('aria-invalid')).toBeNull();
    await moderator.goto(moderator.url().replace(/\?.*/, `?reader=user-001&club=${club}&as=moderator`));

    await getToken(moderator);
    await moderator.getByText('Every claim, as signed').click();
    await moderator.getByText('Check another token').click();
    await moderator.getByRole('button', { name: 'Check this token' }).click();
    await look(moderator, '2 the token');
    await moderator.getByRole('link', { name: 'Back' }).click();
    await join(moderator);
    await moderator.getByText('Only you').waitFor();
    await look(moderator, '3 alone');

    await join(listener);
    await tileOf(moderator, 'Bruno').waitFor();
    await tileOf(moderator, 'Bruno').getByText('⋯').click();
    await say(listener, `Look: https://example.org/${'long-'.repeat(30)}`);
    await expect.poll(() => messages(moderator), patiently).toHaveLength(1);
    await look(moderator, '3 a moderator');
    await look(listener, '3 a listener');

    moderator.on('dialog', (dialog) => dialog.accept());
    await tileOf(moderator, 'Bruno').getByRole('button', { name: 'Remove Bruno' }).click();
    expect(await problemOn(listener)).toContain('A moderator has removed you');
    await look(listener, '4 removed');
  });
});

test('axe-core would find a fault', async () => {
  const page = await open({ reader: 'user-001', club: 'fault' });
  await page.getByRole('button', { name: 'Sign in and get a token' }).evaluate((element) => {
    element.ariaLabel = 'Token';
  });
  const fault = 'label-content-name-mismatch: button';
  expect(await faultsIn(page)).toEqual([`light ${fault}`, `dark ${fault}`]);
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
  await tabTo('Go to the meeting');
  const outline = () => getComputedStyle(document.activeElement ?? document.body).outlineStyle;
  expect(await ana.evaluate(outline)).not.toBe('none');
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

test('the browser goes back one step, leaves the meeting when that is the step, and has a title for each', async () => {
  const page = await open({ reader: 'user-001', club: 'back' });
  expect(await page.title()).toBe('Who are you, and which club meets? · Booky');
  await join(page);
  expect(await page.title()).toBe('reading-club-back · Booky');
  await page.goBack();
  await page.getByRole('heading', { name: 'Your token' }).waitFor();
  expect(await page.title()).toBe('Your token · Booky');
  await expect.poll(() => peopleIn('reading-club-back'), patiently).toEqual([]);
  await page.goBack();
  await page.getByRole('heading', { name: 'Who are you' }).waitFor();
  await page.goForward();
  await page.getByRole('heading', { name: 'Your token' }).waitFor();
});
