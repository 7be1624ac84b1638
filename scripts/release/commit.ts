/** Keeps an older commit from replacing a newer one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BadUse } from '../checks/command.ts';
import { labelOf, type Version } from './stack.ts';

const git = async (...args: readonly string[]) => (await promisify(execFile)('git', args)).stdout.trim();

/** The commit of the working directory; empty where there is none. */
export function currentCommit(): Promise<string> {
  return git('rev-parse', 'HEAD').catch(() => '');
}

/**
 * A version whose commit is not known can be replaced by any other.
 *
 * @throws {BadUse} unless the working directory's commit contains the one in place
 */
export async function requireNewer(inPlace: Version): Promise<void> {
  const commit = await currentCommit();
  if (commit === '' || inPlace.commit === '') return;
  await git('merge-base', '--is-ancestor', inPlace.commit, commit).catch(() => {
    throw new BadUse(
      `Nothing was deployed: in place is ${labelOf(inPlace)}, which commit ${commit.slice(0, 7)} does not contain, as far as this clone knows. It is older, or of another branch.`,
    );
  });
}
