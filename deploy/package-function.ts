import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { copyService, laptopOptions } from './service-copy.ts';

/** The token function as it is deployed: the zip that `serverless package` makes of it, and its contents. */
export interface PackagedFunction {
  /** The unpacked zip, in a folder without any `node_modules` above it. */
  directory: string;
  /** Size of the zip, in bytes. */
  zipBytes: number;
  /** Path within the zip and size of each file, in bytes. */
  files: ReadonlyMap<string, number>;
  remove: () => Promise<void>;
}

/** Packages the service as for a laptop, without an account or a network. */
export async function packageFunction(): Promise<PackagedFunction> {
  const service = await copyService();
  try {
    const { exitCode, output } = await service.serverless(['package', ...laptopOptions]);
    if (exitCode !== 0) throw new Error(`serverless package failed:\n${output}`);
    const artifacts = join(service.directory, '.serverless');
    const zip = 'token.zip';
    const directory = await mkdtemp(join(tmpdir(), 'booky-function-'));
    const files = await unzip(join(artifacts, zip), directory);
    return {
      directory,
      zipBytes: (await stat(join(artifacts, zip))).size,
      files,
      remove: () => rm(directory, { recursive: true, force: true }),
    };
  } finally {
    await service.remove();
  }
}

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
