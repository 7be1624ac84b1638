/** A build of the same commit gives exactly the deployed zips, so anyone can compare what runs with its source. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyService, laptopOptions } from '../../deploy/service-copy.ts';
import { tools } from '../../scripts/rehearsal/tools.ts';

async function hashesOfZips(environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const service = await copyService();
  onTestFinished(service.remove);
  const { exitCode, output } = await service.serverless(['package', ...laptopOptions], environment);
  expect(output).not.toContain('Error');
  expect(exitCode).toBe(0);
  const zips = ['token.zip', 'check.zip'].map((name) =>
    readFile(join(service.directory, '.serverless', name)),
  );
  return (await Promise.all(zips)).map((zip) => createHash('sha256').update(zip).digest('hex'));
}

test('each zip has the same hash from two folders, under two versions of Node and two file mode masks', async () => {
  const first = await hashesOfZips();
  const mask = process.umask(0o077);
  onTestFinished(() => void process.umask(mask));
  const withNode24 = { PATH: [dirname(tools.node), process.env.PATH].join(delimiter) };
  expect(await hashesOfZips(withNode24)).toEqual(first);
});
