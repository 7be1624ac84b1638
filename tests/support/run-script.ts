import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild, type Plugin } from 'esbuild';
import { afterAll } from 'vitest';

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

/** Where a script finds the packages. */
const folder = join(repository, 'node_modules/.cache/scripts', String(process.pid));
afterAll(() => rm(folder, { recursive: true, force: true }));
const built = new Map<string, Promise<string>>();

/** Runs a script of the repository: built, since it then starts in half the time. */
export async function runScript(script: string, args: readonly string[], options: ScriptOptions = {}) {
  const file = built.get(script) ?? build(script);
  built.set(script, file);
  return runProgram(process.execPath, [await file, ...args], options);
}

/** Modules find other files from where they stand themselves. */
const fromTheirPlaces: Plugin = {
  name: 'from their places',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const url = JSON.stringify(pathToFileURL(path).href);
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', url) };
    }),
};

async function build(script: string): Promise<string> {
  const outfile = join(folder, script.replace(/ts$/, 'mjs'));
  await esbuild({
    entryPoints: [join(repository, script)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    plugins: [fromTheirPlaces],
    // For CommonJS in it.
    banner: { js: "globalThis.require = process.getBuiltinModule('module').createRequire(import.meta.url);" },
  });
  return outfile;
}

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
