/** When something is wrong, the page tells a person what happened, why, and what to do. */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { startPage } from '../../local/page/server.ts';
import type { PageSettings } from '../../local/page/src/settings.ts';
import { freePort } from '../../local/ports.ts';
import { changeAnswers, getToken, picture, problemOn, toldOn, useBrowser } from './support/browser.ts';

const { open } = useBrowser();
const { tokenEndpoint, issuerUrl, pageUrl } = inject('stack');
const ana = { reader: 'user-001', club: 'trouble' };

const signInButton = 'Sign in and get a token';

describe('The page tells of', () => {
  test('a reader who is not in the club', async () => {
    const page = await open({ ...ana, as: 'stranger' });
    await page.getByRole('button', { name: signInButton }).click();
    const problem = await problemOn(page);
    expect(problem).toContain('You are not a member of this reading club.');
    expect(problem).toContain('(status 403, request');
    await picture(page, '7 not a member');
  });

  test.each(['Expired an hour ago', 'Meant for another application'])(
    'a sign-in that the gateway refuses: %s',
    async (quality) => {
      const page = await open({ ...ana, as: 'stranger' });
      await page.getByLabel('Your sign-in', { exact: true }).selectOption(quality);
      await page.getByRole('button', { name: signInButton }).click();
      expect(await problemOn(page)).toContain('The gateway did not accept your sign-in');
    },
  );

  test('what the API finds wrong with the choices, and of nothing once they are right', async () => {
    const page = await open({ ...ana, club: 'not a club' });
    await page.getByRole('button', { name: signInButton }).click();
    const problem = await problemOn(page);
    expect(problem).toMatch(/This club or this name can’t be used.*reading_club_id should be/);
    await picture(page, '7 not a club');
    await page.getByLabel('Reading club').fill('trouble');
    await getToken(page);
    expect(await toldOn(page)).toBe('');
  });

  test('LiveKit’s credentials that can’t be had', async () => {
    const page = await open(ana);
    await page.route(tokenEndpoint, (route) =>
      route.fulfill({
        status: 503,
        headers: {
          'access-control-allow-origin': pageUrl,
          'access-control-allow-headers': 'authorization,content-type',
          'access-control-expose-headers': 'retry-after',
          // Longer than the page's timeout.
          'retry-after': '31',
        },
        json: { error: 'Unavailable.', code: 'credentials_unavailable', request_id: 'request-1' },
      }),
    );
    await page.getByRole('button', { name: signInButton }).click();
    const problem = await problemOn(page);
    expect(problem).toContain('(status 503, request request-1)');
  });

  test('nothing where the API was busy for a moment only', async () => {
    const page = await open(ana);
    const statuses: number[] = [];
    page.on('response', (response) => {
      if (response.url() === tokenEndpoint) statuses.push(response.status());
    });
    await page.route(
      tokenEndpoint,
      (route) =>
        route.fulfill({
          status: 429,
          headers: { 'access-control-allow-origin': pageUrl },
          json: { message: 'Too Many Requests' },
        }),
      { times: 1 },
    );
    await getToken(page);
    expect(statuses).toEqual([429, 200]);
    expect(await toldOn(page)).toBe('');
  });

  test('a LiveKit server that does not run, and how to get one', async () => {
    const page = await open(ana);
    const port = await freePort();
    await changeAnswers(page, (answer) => ({ ...answer, server_url: `ws://localhost:${port}` }));
    await getToken(page);
    await page.getByRole('button', { name: 'Go to the meeting' }).click();
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    const problem = `${await problemOn(page)} ${await page.locator('main > .hint').textContent()}`;
    expect(problem).toContain('No LiveKit server answers.');
    expect(problem).toContain('scripts/install.sh meeting-peers');
    await picture(page, '7 no LiveKit server');
  });

  test('a token that LiveKit refuses, without showing the token', async () => {
    const page = await open(ana);
    await changeAnswers(page, (answer) => ({ ...answer, participant_token: forged(answer) }));
    await getToken(page);
    await page.getByRole('button', { name: 'Go to the meeting' }).click();
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    const problem = `${await problemOn(page)} ${await page.locator('main > .hint').textContent()}`;
    expect(problem).toContain('LiveKit did not accept the token');
    expect(problem).toContain('signature is invalid (status 401)');
    expect(problem).not.toMatch(/eyJ/);
  });
});

describe('A page that was pointed elsewhere tells of', () => {
  const pages: { close: () => Promise<void> }[] = [];
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });
  const claims = { member: 'reading_clubs', moderator: 'moderated_clubs', listener: 'listening_clubs' };
  const issuerAt = (url: string) => ({ kind: 'development' as const, issuerUrl: url, claims });
  const visit = async (settings: Partial<PageSettings>) => {
    const signIn = issuerAt(issuerUrl);
    const served = await startPage({ port: 0, settings: { tokenEndpoint, signIn, ...settings } });
    pages.push(served);
    const page = await open({ ...ana, pageUrl: served.url });
    await page.getByRole('button', { name: signInButton }).click();
    return { problem: await problemOn(page), origin: served.url };
  };

  test('an issuer that does not run', async () => {
    const { problem } = await visit({ signIn: issuerAt(`http://localhost:${await freePort()}`) });
    expect(problem).toContain('The sign-in (development issuer) does not answer');
    expect(problem).toContain('npm start');
  });

  test('an API that does not run', async () => {
    const { problem } = await visit({ tokenEndpoint: `http://localhost:${await freePort()}/token` });
    expect(problem).toContain('The API does not answer');
  });

  test('an API whose CORS does not name the page', async () => {
    const { problem, origin } = await visit({});
    expect(problem).toContain('The API answers, but not to this page');
    expect(problem).toContain(`add ${origin} to its allowed origins`);
  });
});

/** The answer's token with a wrong signature. */
function forged({ participant_token: token }: Record<string, unknown>): string {
  return String(token).replace(/[^.]+$/, 'c2lnbmF0dXJl');
}
