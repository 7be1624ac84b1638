import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { tools } from '../scripts/rehearsal/tools.ts';

export interface NodeBinary {
  path: string;
  /** Like `v24.9.0`. */
  version: string;
}

/** An expression that Node evaluates; the result is `path,version`. */
const question = '[process.execPath, process.version].join()';

/**
 * Finds Node 24: the one from `scripts/install-node-24.sh`; otherwise the one from npm, which npx downloads once and caches. Where
 * npm has none for this platform or can't be reached, it is the Node that runs this; see `version`.
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

/** The Node that answers this command; `undefined` where it can't be run. */
async function nodeThatAnswers(command: string, args: readonly string[]): Promise<NodeBinary | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, args);
    const [path, version] = stdout.trim().split(',');
    return path && version ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}
