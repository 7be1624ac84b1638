/** `npm run rehearse` as a person has it: its command lines, its meeting page in a real browser, and its end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectToSeeAndHear, getToken, join, problemOn, useBrowser } from '../e2e/support/browser.ts';
import { childrenOf, isRunning } from './support/processes.ts';

const run = promisify(execFile);
const { open } = useBrowser();

let rehearsal: ChildProcess;
let printed = '';

beforeAll(async () => {
  rehearsal = spawn(process.execPath, ['--import', 'tsx', 'scripts/rehearse.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    rehearsal.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Ctrl-C removes it all.')) resolve();
    });
    rehearsal.once('exit', (code) => reject(new Error(`npm run rehearse ended with ${code}:\n${printed}`)));
  });
});

afterAll(async () => {
  if (rehearsal.exitCode !== null || rehearsal.pid === undefined) return;
  const children = await childrenOf(rehearsal.pid);
  const ended = once(rehearsal, 'exit');
  rehearsal.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(printed).toContain('Removing the stack ...');
  // What it started has ended with it.
  expect(children.length).toBeGreaterThan(0);
  await vi.waitFor(
    async () => expect(await Promise.all(children.map(isRunning))).toEqual(children.map(() => false)),
    { timeout: 10_000 },
  );
});

/** The command line that was printed for a reader. */
function commandOf(name: string): string {
  const command = new RegExp(`^${name}, of the clubs .*\\n(curl .*)$`, 'm').exec(printed)?.[1];
  if (command === undefined) throw new Error(`No command line for ${name} in:\n${printed}`);
  return command;
}

test.each([
  ['Ana', 'poetry', 'mystery'],
  ['Bruno', 'mystery', 'poetry'],
])('%s pastes the command line: a token for the club %s, none for %s', async (name, own, other) => {
  const command = commandOf(name);
  const own200 = JSON.parse((await run('bash', ['-c', command])).stdout);
  expect(own200).toMatchObject({ room_name: `reading-club-${own}`, role: 'member' });
  const other403 = JSON.parse((await run('bash', ['-c', command.replace(`"${own}"`, `"${other}"`)])).stdout);
  expect(other403).toMatchObject({ code: 'not_a_member' });
});

test('both sign in at the user pool on the meeting page, and meet through the deployed stack', async () => {
  const pageUrl = /^Meeting page: (\S+)/m.exec(printed)?.[1] ?? '';
  const [ana, bruno, outsider] = await Promise.all([
    open({ reader: 'user-001', club: '123', pageUrl }),
    open({ reader: 'user-002', club: '123', pageUrl }),
    open({ reader: 'user-002', club: 'poetry', pageUrl }),
  ]);
  expect(await ana.getByText('What your sign-in says of you').isVisible()).toBe(false);
  await expect(getToken(outsider)).rejects.toThrow('The page says');
  expect(await problemOn(outsider)).toContain('403');

  await Promise.all([join(ana), join(bruno)]);
  await Promise.all([expectToSeeAndHear(ana, 'Bruno'), expectToSeeAndHear(bruno, 'Ana')]);
});
