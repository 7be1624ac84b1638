/** Runs the `aws` command as a person would. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RehearsalFault, tools } from './tools.ts';

const run = promisify(execFile);

/** By name, without the dashes: a text, several, none for a flag, or what is written as JSON. */
type Options = Readonly<Record<string, string | readonly string[] | object>>;

/** Runs a command such as `iam list-roles`, and parses its output; rejects with a `RehearsalFault` with its message when it fails. */
export type Aws = (command: string, options?: Options) => Promise<unknown>;

export function awsCommand(environment: Readonly<Record<string, string>>): Aws {
  return async (command, options = {}) => {
    const args = Object.entries(options).flatMap(([name, value]) => [
      `--${name}`,
      ...(Array.isArray(value) ? value : [typeof value === 'string' ? value : JSON.stringify(value)]),
    ]);
    const running = run(tools.aws, [...command.split(' '), ...args, '--output', 'json'], {
      env: { ...environment },
      maxBuffer: 2 ** 26,
    });
    // Without the arguments: a secret may be among them.
    const { stdout } = await running.catch(({ stderr, code }) => {
      throw new RehearsalFault(`aws ${command} failed: ${stderr.trim() || code}`);
    });
    return stdout === '' ? undefined : JSON.parse(stdout);
  };
}
