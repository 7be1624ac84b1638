/** A build that can't be: the CLI says why, packages nothing, and ends. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyService, laptopOptions } from '../../deploy/service-copy.ts';

test.each([
  [
    'an error in the source',
    'lib/reader.ts',
    (source: string) => `${source}\nconst = 1;\n`,
    /^\s*lib\/reader\.ts:\d+:\d+:/m,
  ],
  [
    'a step that no longer finds what it changes',
    'deploy/bundle-steps.cjs',
    (source: string) => source.replace('getLoggerPlugin', 'getLoggerPluginOfAnotherRelease'),
    /the step "nothing that one read never uses" no longer finds `[^`]*getLoggerPluginOfAnotherRelease/,
  ],
])('%s is named, and nothing else is blamed', async (_, file, change, message) => {
  const service = await copyService();
  onTestFinished(service.remove);
  const path = join(service.directory, file);
  const source = await readFile(path, 'utf8');
  await writeFile(path, change(source));
  expect(await readFile(path, 'utf8')).not.toBe(source);

  const { exitCode, output } = await service.serverless(['package', ...laptopOptions]);

  expect(exitCode).toBe(1);
  expect(output).toMatch(message);
  expect(output).not.toContain('no longer meets');
  const artifacts = await readdir(join(service.directory, '.serverless')).catch(() => []);
  expect(artifacts.filter((name) => name.endsWith('.zip'))).toEqual([]);
});
