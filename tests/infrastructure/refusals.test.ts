/** What can't be packaged: the CLI says why, packages nothing, and ends. Every rule is in tests/unit/deploy and tests/package. */
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyService, laptopOptions } from '../../deploy/service-copy.ts';

test.each<[string, readonly string[], RegExp, string?]>([
  [
    'a missing parameter',
    ['--stage', 'prod'],
    /The parameter 'issuer' is missing for stage 'prod': it should be the JWT issuer.*\n(?! +at )/,
  ],
  ['a missing stage', [], /The option '--stage' is missing: it should name the stage.*\n(?! +at )/],
  [
    'an error in the source, and nothing else',
    laptopOptions,
    /^\s*lib\/reader\.ts:\d+:\d+:/m,
    '\nconst = 1;\n',
  ],
])('%s is named', async (_, args, says, source = '') => {
  const service = await copyService();
  onTestFinished(service.remove);
  await appendFile(join(service.directory, 'lib/reader.ts'), source);
  const { exitCode, output } = await service.serverless(['package', ...args]);
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(says) });
  expect(output).not.toContain('no longer meets');
  const artifacts = await readdir(join(service.directory, '.serverless')).catch(() => []);
  expect(artifacts.filter((name) => name.endsWith('.zip'))).toEqual([]);
});
