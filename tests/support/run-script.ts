import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** How a command ended, and what it printed. */
export interface ScriptResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface ScriptOptions {
  /** What is on its standard input. */
  input?: string;
  environment?: Record<string, string>;
  /** Called whenever something has come on standard error. */
  onStderr?: () => void;
}

/** Runs a script of the repository as npm does, with these variables and no others. */
export async function runScript(
  script: string,
  args: readonly string[],
  { input = '', environment = {}, onStderr }: ScriptOptions = {},
): Promise<ScriptResult> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: repository,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
    onStderr?.();
  });
  // A command may end before it has read its input.
  child.stdin.on('error', () => {}).end(input);
  const [exitCode] = await once(child, 'close');
  return { exitCode, ...output };
}
