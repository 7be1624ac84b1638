import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { tools } from '../scripts/rehearsal/tools.ts';

export interface NodeBinary {
  path: string;
  /** Like `v24.9.0`. */
  version: string;
}

/** What a Node is asked; it answers `path,version`. */
const question = '[process.execPath, process.version].join()';

/**
 * Node 24: the one that `scripts/install-node-24.sh` left; else the published one, fetched once by npx and then taken from its
 * cache; else, where npm has none for this platform or is out of reach, the Node at hand, which `version` tells.
 */
export async function findNode24(): Promise<NodeBinary> {
  const published = `--package=node-${process.platform}-${process.arch}@24`;
  return (
    (await nodeThatAnswers(tools.node, ['-p', question])) ??
    (await nodeThatAnswers('npx', ['--yes', published, '-c', `node -p "${question}"`])) ?? {
      path: process.execPath,
      version: process.version,
    }
  );
}

/** The Node that a command asks; `undefined` where it can't be run. */
async function nodeThatAnswers(command: string, args: readonly string[]): Promise<NodeBinary | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, args);
    const [path, version] = stdout.trim().split(',');
    return path && version ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}
