import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface NodeBinary {
  path: string;
  /** Like `v24.9.0`. */
  version: string;
}

const installed = fileURLToPath(new URL('../.tools/node24/bin/node', import.meta.url));

/**
 * Node 24: the one that `scripts/install-node-24.sh` left; else the published one, fetched once by npx and then taken from its
 * cache; else, where npm has none for this platform or is out of reach, the Node at hand, which `version` tells.
 */
export async function findNode24(): Promise<NodeBinary> {
  const command = 'node -p "[process.execPath, process.version].join()"';
  const published = `--package=node-${process.platform}-${process.arch}@24`;
  return (
    (await versionOf(installed, ['-p', '[process.execPath, process.version].join()'])) ??
    (await versionOf('npx', ['--yes', published, '-c', command])) ?? {
      path: process.execPath,
      version: process.version,
    }
  );
}

/** What a command prints of a Node, as `path,version`; `undefined` where it can't be run. */
async function versionOf(command: string, args: readonly string[]): Promise<NodeBinary | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, args);
    const [path, version] = stdout.trim().split(',');
    return path && version ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}
