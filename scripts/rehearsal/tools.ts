/** The programs that a rehearsal needs in addition to Node, installed by `scripts/install.sh rehearsal`. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const tool = (path: string) => fileURLToPath(new URL(`../../.tools/${path}`, import.meta.url));

export const tools = {
  ministack: tool('aws/bin/ministack'),
  aws: tool('aws/bin/aws'),
  cfnLint: tool('aws/bin/cfn-lint'),
  checkov: tool('checkov/bin/checkov'),
  /** The Node that the function runs on. */
  node: tool('node24/bin/node'),
};

/** Something that a rehearsal needs is missing or failed; the message is one line and says what to do. */
export class RehearsalFault extends Error {
  override readonly name = 'RehearsalFault';
}

/** @throws {RehearsalFault} unless all of them are there. */
export async function requireTools(): Promise<void> {
  for (const path of Object.values(tools)) {
    await access(path, constants.X_OK).catch(() => {
      throw new RehearsalFault(`${path} is not there: run scripts/install.sh rehearsal`);
    });
  }
}
