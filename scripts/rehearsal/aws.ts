/** The `aws` command, as a person would use it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { tools } from './tools.ts';

const run = promisify(execFile);

/** Runs `aws` with these arguments and reads what it prints; rejects, with its message, when it fails. */
export type Aws = <Schema extends v.GenericSchema>(
  args: readonly string[],
  schema: Schema,
) => Promise<v.InferOutput<Schema>>;

/** For what prints nothing of interest. */
export const anything = v.unknown();

export function awsCommand(environment: Readonly<Record<string, string>>): Aws {
  return async (args, schema) => {
    const { stdout } = await run(tools.aws, [...args, '--output', 'json'], {
      env: { ...environment },
      maxBuffer: 2 ** 26,
    });
    return v.parse(schema, stdout === '' ? undefined : JSON.parse(stdout));
  };
}
