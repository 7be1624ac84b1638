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

const { open } = useBrowser();

/** Every rule of axe-core, also those that are off by default: for example, a button's name must contain its visible text. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'experimental'];

/** What axe-core finds wrong in the view, one line a fault. */
async function faultsIn(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

const focused = (page: Page) => page.evaluate(() => document.activeElement?.id);

async function tabTo(page: Page, id: string): Promise<void> {
  for (let presses = 0; presses < 30 && (await focused(page)) !== id; presses++) {
    await page.keyboard.press('Tab');
  }
  expect(await focused(page)).toBe(id);
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
    await moderator.getByLabel('What your sign-in says of you').selectOption('Something else …');
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
    await say(listener, 'A question: who wrote it?');
    await expect.poll(() => messages(moderator), patiently).toHaveLength(1);
    expect(await faultsIn(moderator)).toEqual([]);
    expect(await faultsIn(listener)).toEqual([]);

    await moderator.getByRole('button', { name: 'Remove Bruno' }).click();
    await moderator.getByRole('dialog').waitFor();
    expect(await faultsIn(moderator)).toEqual([]);
    await moderator.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
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
  expect(await faultsIn(page)).toEqual(['label-content-name-mismatch: #get-token']);
});

describe('The focus', () => {
  test('is shown on the heading that a keyboard user has arrived at', async () => {
    const page = await open({ reader: 'user-001', club: 'outline' });
    await tabTo(page, 'get-token');
    await page.keyboard.press('Enter');
    const heading = page.getByRole('heading', { name: 'Your token' });
    await heading.waitFor();
    expect(await focused(page)).toBe('token-heading');
    expect(await heading.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  });

  test('is not lost when what holds it hides', async () => {
    const ana = await open({ reader: 'user-001', club: 'hides' });
    await join(ana);
    await ana.getByRole('link', { name: 'Open a second tab as Bruno' }).focus();
    const bruno = await open({ reader: 'user-002', club: 'hides' });
    await join(bruno);
    await ana.getByText('Bruno has joined.').waitFor();
    expect(await focused(ana)).toBe('meeting-heading');
  });
});

test('a bad club id is named like its field, which is marked invalid until it changes', async () => {
  const page = await open({ reader: 'user-001', club: 'not a club' });
  await page.getByRole('button', { name: 'Sign in and get a token' }).click();
  expect(await problemOn(page)).toContain('Reading club should be 1 to 64 letters');
  const club = page
    .getByRole('textbox', { name: 'Reading club' })
    .or(page.getByRole('combobox', { name: 'Reading club' }));
  expect(await club.getAttribute('aria-invalid')).toBe('true');
  expect(await focused(page)).toBe('club');
  await club.fill('novels');
  expect(await club.getAttribute('aria-invalid')).toBeNull();
});

describe('The browser', () => {
  test('has a title for each view', async () => {
    const page = await open({ reader: 'user-001', club: 'titles' });
    expect(await page.title()).toBe('Who are you, and which club meets? · Booky');
    await getToken(page);
    expect(await page.title()).toBe('Your token · Booky');
    await page.getByRole('button', { name: 'Join the meeting' }).click();
    await page.getByText('Only you').waitFor();
    expect(await page.title()).toBe('reading-club-titles · Booky');
  });

  test('goes back one step, and leaves the meeting when that is the step', async () => {
    const page = await open({ reader: 'user-001', club: 'back' });
    await getToken(page);
    await page.goBack();
    await page.getByRole('heading', { name: 'Who are you' }).waitFor();
    await page.goForward();
    await page.getByRole('heading', { name: 'Your token' }).waitFor();
    await page.getByRole('button', { name: 'Join the meeting' }).click();
    await page.getByText('Only you').waitFor();
    await page.goBack();
    await page.getByText('You have left reading-club-back.').waitFor();
    await page.getByRole('heading', { name: 'Your token' }).waitFor();
    await page.getByRole('button', { name: 'Join the meeting' }).click();
    await page.getByText('Only you').waitFor();
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Who are you' }).waitFor();
    await page.goForward();
    await page.getByRole('heading', { name: 'Your token' }).waitFor();
  });
});
