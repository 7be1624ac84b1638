/** `npm run release` before it deploys: what would look like a failed check later is refused first. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from '../support/run-script.ts';

test.each([
  ['a mistyped option of the check', ['--clubb', '1'], '--clubb'],
  ['an option of the check that is out of bounds', ['--wait', 'soon'], '--wait should be'],
])('%s is bad use, and nothing is deployed', async (_, checks, words) => {
  const folder = await mkdtemp(join(tmpdir(), 'booky-release-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const called = join(folder, 'called');
  await writeFile(join(folder, 'npx'), `#!/bin/sh\ntouch '${called}'\n`, { mode: 0o755 });

  const environment = {
    PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
    BEARER_TOKEN: 'a.reader.jwt',
  };
  const args = ['--stage', 'prod', '--', ...checks];
  const { exitCode, stderr } = await runScript('scripts/release.ts', args, { environment });
  expect(stderr).toContain(words);
  expect(stderr).toContain('Nothing was deployed');
  expect(exitCode).toBe(2);
  expect(await readdir(folder)).toEqual(['npx']);
});
