/** Readers on the meeting page: each has a separate Chromium context, with Chromium's fake camera and microphone. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import type { PageSettings } from '../../../local/page/src/settings.ts';

const screenshots = fileURLToPath(new URL('../screenshots/', import.meta.url));

/** How long anything on the page may take, in milliseconds: generous, for slow machines. */
const patience = 60_000;

/** The same timeout for `expect.poll`. */
export const patiently = { timeout: patience, interval: 100 };

declare global {
  interface Window {
    /** Every media connection that the page has opened, kept by `open` for the tests to count in. */
    peers: RTCPeerConnection[];
  }
}

export interface Visit {
  /** Id of one of the page's readers. */
  reader: string;
  club: string;
  /** The page's option for the reader's role. */
  as?: 'member' | 'moderator' | 'listener' | 'stranger';
  /** The page's address; the stack's own by default. */
  pageUrl?: string;
  /** Other settings of the page than the stack's. */
  settings?: Partial<PageSettings>;
  browser?: BrowserContextOptions;
}

/** A browser for the tests of this file: closed after them, its pages after each, with a picture of those that failed. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        // Root can't use the sandbox, and a test needs none of Chromium's own requests to Google.
        ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
        ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
      ],
    });
  });
  afterEach(async ({ task }) => {
    const failed = task.result?.state === 'fail';
    for (const context of browser.contexts()) {
      for (const [index, page] of context.pages().entries()) {
        const { searchParams } = new URL(page.url());
        if (failed) await picture(page, `failed ${task.name} ${searchParams.get('reader')} ${index}`);
      }
      await context.close();
    }
  });
  afterAll(() => browser?.close());

  /** A page of a browser context of its own, with a camera and a microphone. */
  const newPage = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1200, height: 820 }, ...options });
    context.setDefaultTimeout(patience);
    await context.addInitScript(() => {
      const peers: RTCPeerConnection[] = [];
      window.peers = peers;
      window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          peers.push(this);
        }
      };
    });
    return context.newPage();
  };
  const open = async ({ reader, club, as = 'member', settings, ...options }: Visit): Promise<Page> => {
    const page = await newPage(options.browser);
    if (settings) {
      await page.route('**/settings.json', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), ...settings } });
      });
    }
    const { pageUrl = inject('stack').pageUrl } = options;
    await page.goto(`${pageUrl}/?${new URLSearchParams({ reader, club, as })}`);
    await page.getByRole('heading', { name: 'Who are you' }).waitFor();
    return page;
  };
  return {
    newPage,
    open,
    /** Ana and Bruno in the club's meeting. */
    meet: async (club: string, ana: Partial<Visit> = {}, bruno: Partial<Visit> = {}) => {
      const pages = [
        await open({ reader: 'user-001', club, ...ana }),
        await open({ reader: 'user-002', club, ...bruno }),
      ] as const;
      for (const page of pages) await join(page);
      return pages;
    },
  };
}

/** From the first view to the token, which must be there to return. */
export async function getToken(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in and get a token' }).click();
  await arrive(page, page.getByRole('heading', { name: 'Your token' }));
}

/** From the first view into the meeting, with these devices on. */
export async function join(page: Page, devices: Partial<Record<'Camera' | 'Microphone', boolean>> = {}) {
  await getToken(page);
  await page.getByRole('link', { name: 'Go to the meeting' }).click();
  for (const [label, on] of Object.entries(devices)) await page.getByLabel(label).setChecked(on);
  await enter(page);
}

/** The meeting's own button, and what it leads to. */
export async function enter(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await arrive(page, page.getByRole('button', { name: 'Leave' }));
}

/** Signs out and in as another reader, or takes another club, on the meeting's view. */
export async function change(
  page: Page,
  choices: { reader?: string; club?: string; as?: string; signIn?: string },
) {
  await page.getByText('Sign out and in as another reader').click();
  if (choices.reader) await page.getByLabel('Reader, by their id').fill(choices.reader);
  if (choices.club) await page.getByLabel('Reading club').fill(choices.club);
  const more = page
    .locator('details')
    .filter({ has: page.getByLabel('Your sign-in', { exact: true }) })
    .last();
  if ((await more.getAttribute('open')) === null)
    await page.getByText('Roles, and what can go wrong').click();
  if (choices.as) await page.getByLabel('What your sign-in says of you').selectOption(choices.as);
  if (choices.signIn) await page.getByLabel('Your sign-in', { exact: true }).selectOption(choices.signIn);
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByText('Sign out and in as another reader').click();
}

/** Waits for what should appear, but no longer than until the page tells of a problem instead. */
async function arrive(page: Page, goal: Locator): Promise<void> {
  const problem = page.getByRole('alert').filter({ hasText: /\S/ });
  await goal.or(problem).first().waitFor();
  if ((await goal.count()) === 0) throw new Error(`The page says: ${await problem.textContent()}`);
}

/** Someone's tile in the meeting. */
export const tileOf = (page: Page, name: string) => page.getByRole('figure', { name });

/** Presses a button of someone's tile. */
export async function press(page: Page, name: string, button: string): Promise<void> {
  const menu = tileOf(page, name).locator('details');
  /** Of no menu where the tile is gone, for instance after a removal. */
  const setOpen = (open: boolean) =>
    menu.evaluateAll((all: HTMLDetailsElement[], open) => {
      for (const details of all) details.open = open;
    }, open);
  await menu.waitFor();
  await setOpen(true);
  await menu.getByRole('button', { name: button }).click();
  await setOpen(false);
}

/** Writes into the chat. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message to everyone').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** What stands in the chat, one string a message. */
export const messages = (page: Page) => page.getByRole('log').getByRole('listitem').allInnerTexts();

/** What went wrong, as the page tells it; waits until it does. */
export async function problemOn(page: Page): Promise<string> {
  const alert = page.getByRole('alert').filter({ hasText: /\S/ });
  await alert.first().waitFor();
  return (await alert.locator('p').allTextContents()).join(' ');
}

/** What the page tells now as a problem; '' where there is none. */
export const toldOn = async (page: Page) => (await page.getByRole('alert').allTextContents()).join('');

/** What the browser has decoded of what others sent, in all connections so far. */
export function received(
  page: Page,
): Promise<{ videoFrames: number; audioSamples: number; audioEnergy: number }> {
  return page.evaluate(async () => {
    const total = { videoFrames: 0, audioSamples: 0, audioEnergy: 0 };
    for (const peer of window.peers) {
      for (const report of (await peer.getStats()).values()) {
        if (report.type !== 'inbound-rtp') continue;
        total.videoFrames += report.framesDecoded ?? 0;
        total.audioSamples += report.totalSamplesReceived ?? 0;
        total.audioEnergy += report.totalAudioEnergy ?? 0;
      }
    }
    return total;
  });
}

/** Waits until a participant's video moves and their audio is not silent. */
export async function expectToSeeAndHear(page: Page, name: string): Promise<void> {
  const tile = tileOf(page, name);
  const video = tile.locator('video');
  await video.waitFor();
  const framesShown = () =>
    video.evaluate((element: HTMLVideoElement) => element.getVideoPlaybackQuality().totalVideoFrames);
  const before = await framesShown();
  await expect.poll(framesShown, patiently).toBeGreaterThan(before + 10);
  const { audioEnergy } = await received(page);
  await expect.poll(async () => (await received(page)).audioEnergy, patiently).toBeGreaterThan(audioEnergy);
}

/** Lets the endpoint's answers reach the page changed. */
export async function changeAnswers(
  page: Page,
  change: (answer: Record<string, unknown>) => object | Promise<object>,
): Promise<void> {
  await page.route(inject('stack').tokenEndpoint, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    await route.fulfill({ response, json: await change(await response.json()) });
  });
}

/** Takes a picture of the whole page into the git-ignored folder, for a person to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(screenshots, { recursive: true });
  const file = name.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
  await page.screenshot({ path: `${screenshots}${file}.png`, fullPage: true });
}
