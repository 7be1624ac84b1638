/** Runs the `aws` command as a person would. */
import { execFile } from 'node:child_process';
import { RehearsalFault, tools } from './tools.ts';

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
    const output = await run([...command.split(' '), ...args, '--output', 'json'], environment);
    return output === '' ? undefined : JSON.parse(output);
  };
}

function run(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(tools.aws, args, { env: { ...environment }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      // Without the arguments that follow: a secret may be among them.
      const [service, command] = args;
      reject(new RehearsalFault(`aws ${service} ${command} failed: ${stderr.trim() || error.code}`));
    });
  });
}
