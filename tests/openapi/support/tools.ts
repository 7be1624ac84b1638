/** What `scripts/install.sh openapi-tools` installs. */
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runProgram, type ScriptResult } from '../../support/run-script.ts';

const paths = {
  schemathesis: '../../../.tools/schemathesis/bin/schemathesis',
  oasdiff: '../../../.tools/oasdiff',
};

/** Runs one of the tools in a folder. @throws {Error} that says how to get it where it is missing. */
export async function runTool(
  name: keyof typeof paths,
  args: readonly string[],
  { directory, environment = {} }: { directory: string; environment?: Record<string, string> },
): Promise<ScriptResult> {
  const path = fileURLToPath(new URL(paths[name], import.meta.url));
  await access(path).catch(() => {
    throw new Error(`There is no ${name}: run scripts/install.sh openapi-tools.`);
  });
  return runProgram(path, args, { directory, environment: { HOME: directory, ...environment } });
}
