/** What `scripts/install.sh openapi-tools` installs. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const paths = {
  schemathesis: '../../../.tools/schemathesis/bin/schemathesis',
  oasdiff: '../../../.tools/oasdiff',
};

export interface ToolResult {
  exitCode: number;
  /** Standard output, then standard error. */
  output: string;
}

/** Runs one of the tools in a folder. @throws {Error} that says how to get it where it is missing. */
export async function runTool(
  name: keyof typeof paths,
  args: readonly string[],
  { directory, environment = {} }: { directory: string; environment?: Record<string, string> },
): Promise<ToolResult> {
  const path = fileURLToPath(new URL(paths[name], import.meta.url));
  await access(path).catch(() => {
    throw new Error(`There is no ${name}: run scripts/install.sh openapi-tools.`);
  });
  const env = { PATH: process.env['PATH'], HOME: directory, ...environment };
  return new Promise((resolve) => {
    execFile(path, args, { cwd: directory, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ exitCode, output: stdout + stderr });
    });
  });
}
