/** The meeting page for those who do not see it, or have no mouse: axe-core's rules in every view, the keyboard, the browser's Back. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import {
  getToken,
  join,
  messages,
  patiently,
  problemOn,
  say,
  tileOf,
  useBrowser,
} from './support/browser.ts';
import { peopleIn } from './support/livekit-api.ts';

const { open } = useBrowser();

/** Every rule of axe-core, also those that are off by default: for example, a button's name must contain its visible text. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'experimental'];

/** What axe-core finds wrong in the view, one line a fault. */
async function faultsIn(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

describe.each([
  { size: 'wide', viewport: { width: 1200, height: 820 } },
  { size: 'narrow', viewport: { width: 360, height: 740 } },
])('axe-core finds nothing on a $size screen', ({ size, viewport }) => {
  test.each(['light', 'dark'] as const)('in %s colours', async (colorScheme) => {
    const browser = { viewport, colorScheme };
    const club = `axe-${size}-${colorScheme}`;
    const moderator = await open({ reader: 'user-001', club, as: 'moderator', browser });
    const listener = await open({ reader: 'user-002', club, as: 'listener', browser });
    expect(await faultsIn(moderator)).toEqual([]);
    await moderator.getByLabel('Reader', { exact: true }).selectOption('Someone else …');
    expect(await faultsIn(moderator)).toEqual([]);
    await moderator.reload();

    await getToken(moderator);
    await moderator.getByText('Every claim, as signed').click();
    await moderator.getByText('Check another token').click();
    await moderator.getByRole('button', { name: 'Check this token' }).click();
    expect(await faultsIn(moderator)).toEqual([]);
    await moderator.getByRole('button', { name: 'Back' }).click();
    await join(moderator);
    await moderator.getByText('Only you').waitFor();
    expect(await faultsIn(moderator)).toEqual([]);

    await join(listener);
    await tileOf(moderator, 'Bruno').waitFor();
    await tileOf(moderator, 'Bruno').getByText('⋯').click();
    await say(listener, 'A question: who wrote it?');
    await expect.poll(() => messages(moderator), patiently).toHaveLength(1);
    expect(await faultsIn(moderator)).toEqual([]);
    expect(await faultsIn(listener)).toEqual([]);

    moderator.on('dialog', (dialog) => dialog.accept());
    await tileOf(moderator, 'Bruno').getByRole('button', { name: 'Remove Bruno' }).click();
    expect(await problemOn(listener)).toContain('A moderator has removed you');
    expect(await faultsIn(listener)).toEqual([]);
  });

  test('after an error', async () => {
    const page = await open({ reader: 'user-001', club: 'not a club', browser: { viewport } });
    await page.getByRole('button', { name: 'Sign in and get a token' }).click();
    await problemOn(page);
    expect(await faultsIn(page)).toEqual([]);
  });
});

test('axe-core would find a fault', async () => {
  const page = await open({ reader: 'user-001', club: 'fault' });
  await page.getByRole('button', { name: 'Sign in and get a token' }).evaluate((element) => {
    element.ariaLabel = 'Token';
  });
  expect(await faultsIn(page)).toEqual(['label-content-name-mismatch: button']);
});

test('a bad club id is marked invalid until it changes', async () => {
  const page = await open({ reader: 'user-001', club: 'not a club' });
  await page.getByRole('button', { name: 'Sign in and get a token' }).click();
  expect(await problemOn(page)).toContain('reading_club_id should be 1 to 64 letters');
  const club = page.getByLabel('Reading club');
  expect(await club.getAttribute('aria-invalid')).toBe('true');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('club');
  await club.fill('novels');
  expect(await club.getAttribute('aria-invalid')).toBeNull();
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
