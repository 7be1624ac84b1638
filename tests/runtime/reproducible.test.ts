/** A build of the same commit gives exactly the deployed zip, so anyone can compare what runs with its source. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyService, laptopOptions } from '../../deploy/service-copy.ts';
import { tools } from '../../scripts/rehearsal/tools.ts';

async function hashOfZip(environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const service = await copyService();
  onTestFinished(service.remove);
  const { exitCode, output } = await service.serverless(['package', ...laptopOptions], environment);
  expect(output).not.toContain('Error');
  expect(exitCode).toBe(0);
  const zip = await readFile(join(service.directory, '.serverless', 'booky-meeting-token.zip'));
  return createHash('sha256').update(zip).digest('hex');
}

test('the zip has the same hash from two folders, under two versions of Node and two file mode masks', async () => {
  const first = await hashOfZip();
  const mask = process.umask(0o077);
  onTestFinished(() => void process.umask(mask));
  const withNode24 = { PATH: [dirname(tools.node), process.env.PATH].join(delimiter) };
  expect(await hashOfZip(withNode24)).toBe(first);
});
