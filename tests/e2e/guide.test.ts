/** The front end that docs/front-end.md shows, in a browser, against `npm start` and a real LiveKit server. */
import { build } from 'esbuild';
import { decodeJwt } from 'jose';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { writeFrontEnd } from '../support/guide.ts';
import { patiently, useBrowser } from './support/browser.ts';
import { identitiesIn, liveKit } from './support/livekit-api.ts';
import type { Reader } from './support/reader.ts';
import { after, answerFor, before, useServers } from './support/rotation.ts';

declare global {
  interface Window {
    /** Where the front end signs in. */
    signInUrl: string;
    /** The guide’s functions, by name; errors come back as what the guide tells a reader. */
    guide: Record<string, (club: string) => Promise<unknown>>;
  }
}

const { open } = useBrowser();
const { startServer, killServers } = useServers();
const { issuerUrl, tokenEndpoint } = inject('stack');

/** What a developer would write around the guide’s files. */
const main = `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { join } from './src/join';
  import { Meeting } from './src/Meeting';
  import { meetings } from './src/meetings';
  import { messageFor } from './src/messages';
  import { fetchToken } from './src/plain-fetch';
  import { fetchOnce, meetingTokens } from './src/token-source';

  let leave;
  const element = document.createElement('div');
  const root = createRoot(element);
  window.guide = {
    ask: (club) => meetings.getToken({ reading_club_id: club }).catch(messageFor),
    plainFetch: (club) => fetchToken(club).catch((error) => error.message),
    join: async (club) => {
      ({ leave } = await join(club, {}));
    },
    leave: () => leave(),
    literalSource: (club) => meetingTokens(club).fetch().catch(messageFor),
    endpointSource: (club) => fetchOnce(club).catch((error) => error.message),
    react: async (club) => {
      document.body.replaceChildren(element);
      root.render(createElement(Meeting, { clubId: club, onLeave: () => root.render('Left.') }));
    },
  };
`;

let script: string;
beforeAll(async () => {
  const frontEnd = await writeFrontEnd((code) =>
    code
      .replaceAll('https://api.booky.example/api/reading-clubs/meetings/token', tokenEndpoint)
      .replaceAll("'http://localhost:3001/token?sub=user-001&name=Ana'", 'window.signInUrl'),
  );
  const { outputFiles } = await build({
    stdin: { contents: main, resolveDir: frontEnd.directory, loader: 'tsx' },
    bundle: true,
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"development"' },
    write: false,
  });
  await frontEnd.remove();
  script = outputFiles[0]?.text ?? '';
});

const ana = (clubs: Reader['clubs']): Reader => ({ sub: 'user-001', name: 'Ana', clubs });
const bruno = (clubs: Reader['clubs']): Reader => ({ sub: 'user-002', name: 'Bruno', clubs });

/** The front end, at an origin that the API allows, signed in as this reader. */
async function openFrontEnd({ sub, name, clubs }: Reader): Promise<Page> {
  const page = await open({ reader: sub, club: 'guide', browser: { bypassCSP: true } });
  await page.addScriptTag({ content: script });
  const query = new URLSearchParams({ sub, name });
  for (const [claim, ids] of Object.entries(clubs)) for (const id of [...ids, '']) query.append(claim, id);
  await page.evaluate((url) => {
    window.signInUrl = url;
  }, `${issuerUrl}/token?${query}`);
  return page;
}

const call = (page: Page, name: string, club: string) =>
  page.evaluate(([name, club]) => window.guide[name]?.(club), [name, club] as const);

/** How often the page asks the endpoint from now on. */
function countRequests(page: Page): { count: number } {
  const requests = { count: 0 };
  page.on('request', (request) => {
    if (request.url() === tokenEndpoint && request.method() === 'POST') requests.count += 1;
  });
  return requests;
}

describe('The guide’s call', () => {
  test('of the client gets a token', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['call'] }));
    expect(await call(page, 'ask', 'call')).toMatchObject({ room_name: 'reading-club-call', role: 'member' });
  });

  test('of the client renews the JWT once for a reader of another club, and has words for them', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['other'] }));
    const requests = countRequests(page);
    expect(await call(page, 'ask', 'call')).toBe('You are not a member of this reading club.');
    expect(requests.count).toBe(2);
  });

  test('of fetch gets a token, or the endpoint’s words, with one more try', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['call'] }));
    const requests = countRequests(page);
    expect(await call(page, 'plainFetch', 'call')).toMatchObject({ room_name: 'reading-club-call' });
    expect(requests.count).toBe(1);
    expect(await call(page, 'plainFetch', 'other')).toBe('You are not a member of this reading club.');
    expect(requests.count).toBe(3);
  });

  test.each(['literalSource', 'endpointSource'])('of a TokenSource gets a token: %s', async (source) => {
    const page = await openFrontEnd(ana({ reading_clubs: ['call'] }));
    const answer = await call(page, source, 'call');
    expect(answer).toMatchObject({
      serverUrl: expect.stringMatching(/^ws:/),
      participantToken: expect.any(String),
    });
  });
});

describe('The guide’s joining', () => {
  test('brings a reader in, and leaving takes them out', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['joining'] }));
    await call(page, 'join', 'joining');
    expect(await identitiesIn('reading-club-joining')).toEqual(['user-001']);
    await call(page, 'leave', 'joining');
    await expect.poll(() => identitiesIn('reading-club-joining'), patiently).toEqual([]);
  });
});

describe('The guide’s React component', () => {
  const joinByButton = async (page: Page, club: string) => {
    await call(page, 'react', club);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('list').waitFor();
  };

  test('shows who is there and who moderates', async () => {
    const moderator = await openFrontEnd(ana({ reading_clubs: ['react'], moderated_clubs: ['react'] }));
    const member = await openFrontEnd(bruno({ reading_clubs: ['react'] }));
    await joinByButton(moderator, 'react');
    await joinByButton(member, 'react');
    await member.getByRole('listitem').filter({ hasText: 'Ana (moderator)' }).waitFor();
    expect(await member.getByRole('listitem').filter({ hasText: 'Bruno' }).textContent()).toBe('Bruno ');
    expect(await identitiesIn('reading-club-react')).toEqual(['user-001', 'user-002']);
  });

  test('lets a reader leave', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['react-leave'] }));
    await joinByButton(page, 'react-leave');
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByText('Left.').waitFor();
    await expect.poll(() => identitiesIn('reading-club-react-leave'), patiently).toEqual([]);
  });

  test('says why a reader does not get in', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['other'] }));
    await call(page, 'react', 'react-other');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('alert').getByText('You are not a member of this reading club.').waitFor();
  });

  test('says when a moderator has removed the reader', async () => {
    const page = await openFrontEnd(ana({ reading_clubs: ['react-removed'] }));
    await joinByButton(page, 'react-removed');
    await liveKit.removeParticipant('reading-club-react-removed', 'user-001');
    await page.getByRole('alert').getByText('The meeting is over for you.').waitFor();
    expect(await identitiesIn('reading-club-react-removed')).toEqual([]);
  });

  test('brings a reader back whose token is refused when they reconnect', async () => {
    const port = await freePort();
    await startServer(port, before);
    const page = await openFrontEnd(ana({ reading_clubs: ['react-back'] }));
    await answerFor(page, port, before);
    await joinByButton(page, 'react-back');
    const answers: string[] = [];
    page.on('response', async (response) => {
      if (response.url() !== tokenEndpoint || response.status() !== 200) return;
      answers.push(decodeJwt(JSON.parse(await response.text()).token).iss ?? '');
    });
    await killServers();
    await answerFor(page, port, after);
    await startServer(port, after);
    await page.getByRole('list').waitFor({ state: 'detached' });
    await page.getByRole('list').waitFor();
    expect(answers).toContain(after.apiKey);
    expect(await page.getByRole('alert').textContent()).toBe('');
  });
});
