/** LiveKit's other SDKs meet a browser with the endpoint's token: Python by the code of docs/other-clients.md as it stands there. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, inject, test } from 'vitest';
import { join, messages, patiently, received, say, tileOf, useBrowser } from './support/browser.ts';
import { identitiesIn } from './support/livekit-api.ts';
import { meetingAnswer, type Reader, signIn } from './support/reader.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const { open } = useBrowser();
const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a reader's program, which gets this line first and tells what happens to it. */
function start(command: readonly string[], firstLine: string) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  const events: object[] = [];
  let output = '';
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.on('error', (error) => {
    output += `${error.message}: run scripts/install.sh e2e-peers.`;
  });
  const ended = once(child, 'close').then(() => running.delete(child));
  child.stdin.on('error', () => {}).write(`${firstLine}\n`);
  return {
    /** Waits for something that happened to it. */
    sees: async (event: object) => {
      await expect
        .poll(() => (child.exitCode || output.includes('e2e-peers') ? output : events), patiently)
        .toEqual(expect.arrayContaining([expect.objectContaining(event)]));
    },
    say: (text: string) => child.stdin.write(`${text}\n`),
    leave: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const readerOf = (club: string): Reader => ({
  sub: 'other-001',
  name: 'Pia',
  clubs: { reading_clubs: [club] },
});
const python = (club: string) => [
  ...[pathOf('../../.tools/livekit-python/bin/python'), pathOf('support/python_reader.py')],
  ...[pathOf('../../docs/other-clients.md'), inject('stack').tokenEndpoint, club],
];
const answerFor = async (club: string) => JSON.stringify(await meetingAnswer(readerOf(club), club));

test.each([
  ['python', async (club: string) => start(python(club), await signIn(readerOf(club)))],
  [
    'node',
    async (club: string) =>
      start([process.execPath, pathOf('support/node-reader.mjs')], await answerFor(club)),
  ],
  ['go', async (club: string) => start([pathOf('../../.tools/livekit-go-reader')], await answerFor(club))],
])('a reader in %s and one in a browser see, hear and read each other', async (club, startReader) => {
  const ana = await open({ reader: 'user-001', club });
  await join(ana);
  const reader = await startReader(club);
  await reader.sees({ event: 'joined', room: `reading-club-${club}`, name: 'Pia' });
  expect(await identitiesIn(`reading-club-${club}`)).toEqual(['other-001', 'user-001']);

  await tileOf(ana, 'Pia').waitFor();
  await reader.sees({ event: 'track', kind: 'video', name: 'Ana' });
  await reader.sees({ event: 'track', kind: 'audio', name: 'Ana' });
  if (club === 'node') {
    const { audioEnergy } = await received(ana);
    await expect.poll(async () => (await received(ana)).audioEnergy, patiently).toBeGreaterThan(audioEnergy);
  }

  await say(ana, 'Do snakes read?');
  await reader.sees({ event: 'message', name: 'Ana', text: 'Do snakes read?' });
  reader.say('Every line.');
  await expect.poll(() => messages(ana), patiently).toContain('Pia\nEvery line.');

  await reader.leave();
  await ana.getByText('Pia has left.').waitFor();
});

test.each([
  ['a JWT that is none', async () => 'no-jwt', 401, { message: 'Unauthorized' }],
  ['another club', () => signIn(readerOf('other')), 403, { code: 'not_a_member' }],
])('Python gets a refusal with its status and body: %s', async (_, jwt, status, body) => {
  const reader = start(python('pythons'), await jwt());
  await reader.sees({ event: 'refused', status, body: expect.objectContaining(body) });
  await reader.leave();
});
