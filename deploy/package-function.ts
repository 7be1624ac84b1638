import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { copyService, laptopOptions } from './service-copy.ts';

export type PackagedFunction = Awaited<ReturnType<typeof packageFunction>>;

/**
 * Packages the token function as it is deployed, without an account or a network: the zip that `serverless package` makes of it, and
 * its contents.
 *
 * @param options of the CLI; as for a laptop by default
 * @throws {Error} with the CLI's output if that fails.
 */
export async function packageFunction(options: readonly string[] = laptopOptions) {
  const service = await copyService();
  try {
    const { exitCode, output } = await service.serverless(['package', ...options]);
    if (exitCode !== 0) throw new Error(`serverless package failed:\n${output}`);
    const artifacts = join(service.directory, '.serverless');
    const zip = join(artifacts, 'token.zip');
    const directory = await mkdtemp(join(tmpdir(), 'booky-function-'));
    return {
      /** The unpacked zip, in a folder without any `node_modules` above it. */
      directory,
      zipBytes: (await stat(zip)).size,
      files: await unzip(zip, directory),
      /** The CloudFormation template as it would be sent: JSON. */
      template: await readFile(join(artifacts, 'cloudformation-template-update-stack.json'), 'utf8'),
      remove: () => rm(directory, { recursive: true, force: true }),
    };
  } finally {
    await service.remove();
  }
}

/** @returns the path within the zip and the size of each file, in bytes */
async function unzip(zip: string, directory: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const archive = await openPromise(zip);
  for await (const entry of archive.eachEntry()) {
    const path = join(directory, entry.fileName);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(path));
    files.set(entry.fileName, entry.uncompressedSize);
  }
  return files;
}
