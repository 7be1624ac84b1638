import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** How a command ended, and what it printed. */
export interface ScriptResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Standard output, then standard error. */
  output: string;
}

export interface ScriptOptions {
  /** What is on its standard input. */
  input?: string;
  environment?: Record<string, string>;
  /** Where it runs; the repository unless another is named. */
  directory?: string;
  onStart?: (child: ChildProcess) => void;
  /** Called whenever something has come on standard error, with all of it so far. */
  onStderr?: (text: string) => void;
}

/** Runs a script of the repository as npm does. */
export const runScript = (script: string, args: readonly string[], options: ScriptOptions = {}) =>
  runProgram(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(repository, script), ...args],
    options,
  );

/** Runs a program with these variables and no others but `PATH`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = '', environment = {}, directory = repository, onStart, onStderr }: ScriptOptions = {},
): Promise<ScriptResult> {
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onStart?.(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
    onStderr?.(output.stderr);
  });
  // A command may end before it has read its input.
  child.stdin.on('error', () => {}).end(input);
  const [exitCode] = await once(child, 'close');
  return { exitCode, ...output, output: output.stdout + output.stderr };
}
