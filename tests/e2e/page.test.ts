/** The page before the meeting: what it shows of a token, and when something is wrong, what happened, why, and what to do. */
import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import {
  changeAnswers,
  getToken,
  patiently,
  picture,
  problemOn,
  useBrowser,
  type Visit,
} from './support/browser.ts';
import { meetingToken, resign, usualClaims } from './support/reader.ts';

const { open } = useBrowser();
const { pageUrl } = inject('stack');

const jwtWith = (token: unknown, change: (parts: string[]) => string[]) =>
  change(String(token).split('.')).join('.');
const withoutGrants = ([head = '', payload = '']: string[]) => {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return [head, Buffer.from(JSON.stringify({ ...claims, video: {} })).toString('base64url'), 'none'];
};

describe('The page shows the token', () => {
  test('with a tick for each claim and grant that LiveKit needs', async () => {
    const ana = await open({ reader: 'user-001', club: 'ticks' });
    await picture(ana, '1 before the meeting');
    await getToken(ana);
    await picture(ana, '2 the token');
    const checks = ana.getByRole('list', { name: 'What LiveKit needs' }).getByRole('listitem');
    await expect.poll(() => checks.count(), patiently).toBeGreaterThan(5);
    const lines = (await checks.allInnerTexts()).map((line) => line.split(/\s+/).slice(0, 3).join(' '));
    expect(lines).toEqual([
      '✓ iss devkey',
      '✓ alg HS256',
      expect.stringMatching(/^✓ exp \d/),
      expect.stringMatching(/^✓ nbf \d/),
      '✓ video.roomJoin true',
      '✓ sub user-001',
      '✓ video.room reading-club-ticks',
      '✓ video.canPublish true',
      '✓ video.canSubscribe true',
      '✓ video.canPublishData true',
    ]);
    const verdict = 'This token opens reading-club-ticks to Ana, as member. The identity is user-001.';
    expect(await ana.locator('#verdict').textContent()).toBe(verdict);
  });

  test('with a cross for one that is missing', async () => {
    const ana = await open({ reader: 'user-001', club: 'crosses' });
    await changeAnswers(ana, (answer) => ({
      ...answer,
      participant_token: jwtWith(answer['participant_token'], withoutGrants),
    }));
    await getToken(ana);
    await ana.getByText('3 of 11 checks failed').waitFor();
    const crosses = await ana.getByRole('listitem').filter({ hasText: '✗' }).allInnerTexts();
    expect(crosses).toHaveLength(3);
    expect(crosses[0]).toContain('LiveKit will answer: 401 “permissions denied”');
  });

  test('and checks any that is pasted: a good one, one without grants, a whole answer, an error message', async () => {
    const ana = await open({ reader: 'user-001', club: 'pasted' });
    await getToken(ana);
    await ana.getByText('Check another token').click();
    const findings = ana.getByRole('list', { name: 'What the pasted token says' }).getByRole('listitem');
    const token = await meetingToken(
      { sub: 'user-001', name: 'Ana', clubs: { reading_clubs: ['pasted'] } },
      'pasted',
    );
    const verdicts: [pasted: string, says: string][] = [
      [token, 'LiveKit will let this token in. Key and signature were not compared.'],
      [await resign(token, { video: {} }), 'LiveKit will refuse this token: 401 “permissions denied”.'],
      [JSON.stringify({ token }, null, 2), 'LiveKit will let this token in.'],
      ['not a token', 'invalid authorization token'],
      ['invalid API key for domain x', 'two LiveKit Cloud projects'],
      [`invalid token: ${token}, error: token signature is invalid`, 'signed with another secret'],
    ];
    for (const [pasted, says] of verdicts) {
      await ana.getByLabel('Any token, or a whole answer or error message that has one').fill(pasted);
      await ana.getByRole('button', { name: 'Check this token' }).click();
      await ana.getByRole('status').filter({ hasText: says }).waitFor();
    }
    await findings.first().waitFor();
  });
});

/** Its port is free, so nobody answers there. */
const nowhere = `http://localhost:${await freePort()}`;
const signInAt = (url: string) => ({ kind: 'development' as const, issuerUrl: url, claims: usualClaims });

test.each<[what: string, visit: Partial<Visit>, says: string[]]>([
  [
    'a reader who is not in the club',
    { as: 'stranger' },
    ['You are not a member of this reading club.', '(not_a_member 403 '],
  ],
  [
    'an issuer that does not run',
    { settings: { signIn: signInAt(nowhere) } },
    ['The sign-in (development issuer) does not answer', 'npm start'],
  ],
  [
    'an issuer that refuses',
    { reader: '' },
    ['Please sign in again.', '400', 'The parameter sub is missing'],
  ],
  [
    'an API that does not run',
    { settings: { tokenEndpoint: `${nowhere}/token` } },
    ['The API does not answer'],
  ],
  [
    'an API whose CORS does not name the page',
    { settings: { tokenEndpoint: pageUrl.replace('localhost', '127.0.0.1') } },
    ['The API answers, but not to this page', `add ${pageUrl} to its allowed origins`],
  ],
])('The page tells of %s', async (_what, visit, says) => {
  const page = await open({ reader: 'user-001', club: 'trouble', ...visit });
  await page.getByRole('button', { name: 'Sign in and get a token' }).click();
  const problem = await problemOn(page);
  for (const words of says) expect(problem).toContain(words);
});

test('The page tells of a sign-in that the gateway refuses', async () => {
  const page = await open({ reader: 'user-001', club: 'trouble', as: 'stranger' });
  await page.getByLabel('Your sign-in', { exact: true }).selectOption('Meant for another application');
  await page.getByRole('button', { name: 'Sign in and get a token' }).click();
  expect(await problemOn(page)).toContain('The gateway did not accept your sign-in');
});

const forge = ([head = '', payload = '']: string[]) => [head, payload, 'c2lnbmF0dXJl'];

test.each<[what: string, change: (answer: Record<string, unknown>) => object, says: string[]]>([
  [
    'a LiveKit server that does not run, and how to get one',
    () => ({ server_url: nowhere.replace('http', 'ws') }),
    ['No LiveKit server answers.', 'scripts/install.sh meeting-peers'],
  ],
  [
    'a token that LiveKit refuses, without showing the token',
    ({ token }) => ({ token: jwtWith(token, forge), participant_token: jwtWith(token, forge) }),
    ['LiveKit did not accept the token', 'signature is invalid (status 401)'],
  ],
])('The page tells of %s', async (_what, change, says) => {
  const page = await open({ reader: 'user-001', club: 'trouble' });
  await changeAnswers(page, (answer) => ({ ...answer, ...change(answer) }));
  await getToken(page);
  const problem = await meet(page);
  for (const words of says) expect(problem).toContain(words);
  expect(problem).not.toMatch(/eyJ/);
});

/** Tries to join; returns what the page tells, the developer's part included. */
async function meet(page: Page): Promise<string> {
  await page.getByRole('link', { name: 'Go to the meeting' }).click();
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  return `${await problemOn(page)} ${await page.locator('main > small').textContent()}`;
}
