/** Runs the `aws` command as a person would. */
import { execFile } from 'node:child_process';
import * as v from 'valibot';
import { RehearsalFault, tools } from './tools.ts';

/** Runs `aws` with these arguments and parses its output; rejects with a `RehearsalFault` with its message when it fails. */
export type Aws = <Schema extends v.GenericSchema>(
  args: readonly string[],
  schema: Schema,
) => Promise<v.InferOutput<Schema>>;

/** For commands whose output is not used. */
export const anything = v.unknown();

export function awsCommand(environment: Readonly<Record<string, string>>): Aws {
  return async (args, schema) => {
    const output = await run([...args, '--output', 'json'], environment);
    return v.parse(schema, output === '' ? undefined : JSON.parse(output));
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
