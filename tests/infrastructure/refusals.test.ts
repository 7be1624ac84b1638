/** What can't be packaged: the CLI says why in one sentence, packages nothing, and ends. Every rule is in tests/unit/deploy. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyService, laptopOptions } from '../../deploy/service-copy.ts';

/** @returns what the CLI says, after these changes of files' texts */
async function packageRefused(
  args: readonly string[],
  changes: Readonly<Record<string, (text: string) => string>> = {},
): Promise<string> {
  const service = await copyService();
  onTestFinished(service.remove);
  for (const [file, change] of Object.entries(changes)) {
    const path = join(service.directory, file);
    const text = await readFile(path, 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(path, change(text));
  }
  const { exitCode, output } = await service.serverless(['package', ...args]);
  expect(exitCode).toBe(1);
  const artifacts = await readdir(join(service.directory, '.serverless')).catch(() => []);
  expect(artifacts.filter((name) => name.endsWith('.zip'))).toEqual([]);
  return output;
}

test('a missing parameter', async () => {
  const output = await packageRefused(['--stage', 'prod']);
  expect(output).toContain("The parameter 'issuer' is missing for stage 'prod': it should be the JWT issuer");
  // No stack.
  expect(output).not.toMatch(/^\s+at /m);
});

test('a missing stage', async () => {
  expect(await packageRefused([])).toContain("The option '--stage' is missing: it should name the stage");
});

test('an error in the source, and nothing else is blamed', async () => {
  const output = await packageRefused(laptopOptions, {
    'lib/reader.ts': (source) => `${source}\nconst = 1;\n`,
  });
  expect(output).toMatch(/^\s*lib\/reader\.ts:\d+:\d+:/m);
  expect(output).not.toContain('no longer meets');
});

test('a package that has moved what the build replaces', async () => {
  const output = await packageRefused(laptopOptions, {
    'deploy/bundle-steps.cjs': (source) => source.replace('./stream-type-check', './moved'),
  });
  expect(output).toContain('no-web-streams.ts no longer meets an import of ./moved in ');
});
