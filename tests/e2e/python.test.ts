/** LiveKit's Python SDK meets a browser: the code of docs/other-clients.md as it stands there. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import { join, messages, patiently, received, say, tileOf, useBrowser } from './support/browser.ts';
import { identitiesIn } from './support/livekit-api.ts';
import { type Reader, signIn } from './support/reader.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = pathOf('../../.tools/livekit-python/bin/python');

const { open } = useBrowser();
const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();

beforeAll(async () => {
  await access(python).catch(() => {
    throw new Error('There is no LiveKit for Python: run scripts/install.sh meeting-peers.');
  });
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a reader in Python with this JWT, who joins the club's meeting. */
function joinInPython(jwt: string, club: string) {
  const script = pathOf('support/python_reader.py');
  const page = pathOf('../../docs/other-clients.md');
  const child = spawn(python, [script, page, inject('stack').tokenEndpoint, club], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const events: object[] = [];
  let output = '';
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(child, 'close').then(() => running.delete(child));
  child.stdin.write(`${jwt}\n`);
  return {
    /** Waits for something that happened to it. */
    sees: async (event: object) => {
      await expect
        .poll(() => (child.exitCode ? output : events), patiently)
        .toEqual(expect.arrayContaining([expect.objectContaining(event)]));
    },
    say: (text: string) => child.stdin.write(`${text}\n`),
    leave: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const pia: Reader = { sub: 'python-001', name: 'Pia', clubs: { reading_clubs: ['pythons'] } };

test('they see, hear and read each other', async () => {
  const ana = await open({ reader: 'user-001', club: 'pythons' });
  await join(ana);
  const reader = joinInPython(await signIn(pia), 'pythons');
  await reader.sees({ event: 'joined', room: 'reading-club-pythons', name: 'Pia' });
  expect(await identitiesIn('reading-club-pythons')).toEqual(['python-001', 'user-001']);

  await tileOf(ana, 'Pia').waitFor();
  await reader.sees({ event: 'track', kind: 'KIND_VIDEO', name: 'Ana' });
  await reader.sees({ event: 'track', kind: 'KIND_AUDIO', name: 'Ana' });
  const { audioEnergy } = await received(ana);
  await expect.poll(async () => (await received(ana)).audioEnergy, patiently).toBeGreaterThan(audioEnergy);

  await say(ana, 'Do snakes read?');
  await reader.sees({ event: 'message', name: 'Ana', text: 'Do snakes read?' });
  reader.say('Every line.');
  await expect.poll(() => messages(ana), patiently).toContain('Pia\nEvery line.');

  await reader.leave();
  await ana.getByText('Pia has left.').waitFor();
});

test.each([
  ['a JWT that is none', async () => 'no-jwt', 401, { message: 'Unauthorized' }],
  [
    'another club',
    () => signIn({ ...pia, clubs: { reading_clubs: ['other'] } }),
    403,
    { code: 'not_a_member' },
  ],
])('a refusal comes with its status and body: %s', async (_, jwt, status, body) => {
  const reader = joinInPython(await jwt(), 'pythons');
  await reader.sees({ event: 'refused', status, body: expect.objectContaining(body) });
  await reader.leave();
});
