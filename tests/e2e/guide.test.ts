/** The code of docs/front-end.md in a browser, as it stands there: each way to join, in one meeting. */

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join as pathOf } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { writeFrontEnd } from '../support/guide.ts';
import { listen } from '../support/listen.ts';
import { messages, patiently, say, useBrowser } from './support/browser.ts';
import { liveKit, peopleIn } from './support/livekit-api.ts';

const { newPage } = useBrowser();
const { tokenEndpoint, issuerUrl } = inject('stack');

/** What a front end has around the guide's files. */
const main = `
import { createRoot } from 'react-dom/client';
import App from './App';
import { getBearer } from './auth';
import { join } from './join';
import { MeetingRoom } from './Room';

const url = 'https://api.booky.example/api/reading-clubs/meetings/token';
const leaving = new AbortController();
const tell = (text: string) => { document.title = text; };
const ways = {
  '#App': <App clubId="guide" />,
  '#Room': <MeetingRoom url={url} getBearer={getBearer} userId="user-002" clubId="guide" />,
  '#join': (
    <>
      <button onClick={() => join('guide', leaving.signal, tell)}>Join</button>
      <button onClick={() => leaving.abort()}>Leave</button>
    </>
  ),
};
createRoot(document.body.appendChild(document.createElement('div'))).render(ways[location.hash as keyof typeof ways]);
`;

test('the page’s component, VideoConference in LiveKit’s place, and a plain Room meet, chat and leave', async () => {
  const { directory, remove } = await writeFrontEnd();
  await writeFile(pathOf(directory, 'src', 'main.tsx'), main);
  const { outputFiles } = await build({
    ...{ entryPoints: [pathOf(directory, 'src', 'main.tsx')], outdir: '/', bundle: true, write: false },
    ...{ jsx: 'automatic', format: 'esm', define: { 'process.env.NODE_ENV': '"production"' } },
  }).finally(remove);
  const files = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const page =
    '<!doctype html><link rel="stylesheet" href="/main.css"><body><script type="module" src="/main.js"></script>';
  const types = { js: 'text/javascript', css: 'text/css' };
  const port = await listen(
    createServer(({ url = '' }, response) => {
      const type = Object.entries(types).find(([extension]) => url.endsWith(extension))?.[1] ?? 'text/html';
      response.writeHead(200, { 'content-type': type }).end(files.get(url) ?? page);
    }),
  );
  const open = async (way: string, sub: string, name: string): Promise<Page> => {
    const tab = await newPage();
    // The hosts that the guide names, for this reader.
    const headers = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'authorization, content-type',
    };
    const reader = new URLSearchParams({ sub, name, reading_clubs: 'guide' });
    await tab.route('http://localhost:3001/**', async (route) =>
      route.fulfill({
        response: await route.fetch({ url: `${issuerUrl}/token?${reader}&reading_clubs=` }),
        headers,
      }),
    );
    await tab.route('https://api.booky.example/**', async (route) =>
      route.request().method() === 'OPTIONS'
        ? route.fulfill({ status: 204, headers })
        : route.fulfill({ response: await route.fetch({ url: tokenEndpoint }), headers }),
    );
    await tab.goto(`http://localhost:${port}/#${way}`);
    await tab.getByRole('button', { name: 'Join', exact: true }).click();
    return tab;
  };
  const ana = await open('App', 'user-001', 'Ana');
  const bruno = await open('Room', 'user-002', 'Bruno');
  const chidi = await open('join', 'user-003', 'Chidi');
  const both = 'camera, microphone';
  const here = () => expect.poll(() => peopleIn('reading-club-guide'), patiently);
  await here().toEqual([`user-001 Ana: ${both}`, `user-002 Bruno: ${both}`, 'user-003 Chidi: microphone']);

  await say(ana, 'Shall we?');
  await bruno.getByRole('button', { name: 'Chat' }).click();
  await bruno.getByText('Shall we?').waitFor();
  await bruno.getByPlaceholder('Enter a message').fill('Gladly.');
  await bruno.getByRole('button', { name: 'Send' }).click();
  await expect.poll(() => messages(ana), patiently).toContain('Bruno\nGladly.');

  await chidi.getByRole('button', { name: 'Leave' }).click();
  await here().toEqual([`user-001 Ana: ${both}`, `user-002 Bruno: ${both}`]);
  await bruno.getByRole('button', { name: 'Leave' }).click();
  await bruno.getByText('You have left the meeting.').waitFor();
  await liveKit.deleteRoom('reading-club-guide');
  await ana.getByText('The meeting was closed for everyone.').waitFor();
});
