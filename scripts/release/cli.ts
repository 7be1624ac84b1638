/** The `serverless` command of the working directory's service: its options, its credentials, and its runs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import process from 'node:process';
import type { ParseArgsConfig } from 'node:util';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { end } from '../../local/server-process.ts';
import { BadUse, readOptions } from '../checks/command.ts';

/** How a stage is deployed. */
export interface Deployment {
  stage: string;
  region: string;
  /** As the CLI finds them: by `--aws-profile`, by variables of the stage, or as every AWS tool. */
  credentials: NonNullable<S3ClientConfig['credentials']>;
  /** Whether it deploys a package that is there already: made by `serverless package`, it names no commit. */
  isPackaged: boolean;
  /** For `serverless deploy`. */
  args: readonly string[];
  /** Those of them that `serverless rollback` takes: it refuses all else. */
  rollbackArgs: readonly string[];
}

const require = createRequire(import.meta.url);

const findCredentials: (of: {
  provider: { getStage: () => string; options: { 'aws-profile': string | undefined } };
}) => Deployment['credentials'] = require('serverless/lib/aws/credentials.js').getAwsSdkV3CredentialsProvider;

/** What the commands of the CLI take. */
const commands: ReadonlyMap<
  string,
  { options: Record<string, { type: 'string' | 'boolean' | 'multiple'; shortcut?: string }> }
> = require('serverless/lib/cli/commands-schema/aws-service.js');

const optionsOf = (command: string) => Object.entries(commands.get(command)?.options ?? {});

const ofDeploy: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
  optionsOf('deploy').map(([name, { type, shortcut }]) => [
    name,
    {
      type: type === 'boolean' ? type : ('string' as const),
      multiple: type === 'multiple',
      ...(shortcut !== undefined && { short: shortcut }),
    },
  ]),
);
const ofRollback = new Set(optionsOf('rollback').map(([name]) => name));

/** @throws {BadUse} for an option that `serverless deploy` does not take, and without a stage */
export function readDeployment(args: readonly string[]): Deployment {
  const values = readOptions(ofDeploy, args);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const stage = text(values['stage']);
  if (stage === undefined) throw new BadUse('--stage is required.');
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const options = { 'aws-profile': text(values['aws-profile']) };
  return {
    stage,
    region: text(values['region']) ?? (AWS_REGION || AWS_DEFAULT_REGION || 'eu-central-1'),
    credentials: findCredentials({ provider: { getStage: () => stage, options } }),
    isPackaged: values['package'] !== undefined,
    args,
    rollbackArgs: Object.entries(values).flatMap(([name, given]) =>
      ofRollback.has(name)
        ? [given].flat().map((value) => `--${name}${value === true ? '' : `=${value}`}`)
        : [],
    ),
  };
}

let running: ChildProcess | undefined;
let isEnding = false;

/** Whether it ended with 0. Its plugins get no JWT and no password of a reader. */
export async function serverless(
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<boolean> {
  const bin = createRequire(`${process.cwd()}/`).resolve('serverless/bin/serverless.js');
  const env = Object.entries({ ...process.env, ...variables }).filter(
    ([name]) => !/^(BEARER_TOKEN$|SIGN_IN_)/.test(name),
  );
  running = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: Object.fromEntries(env),
  });
  const [exitCode] = await once(running, 'exit');
  // Then what follows a failed command must not begin.
  if (isEnding) await new Promise(() => {});
  return exitCode === 0;
}

/** Ends it, if it runs; its caller never learns of it. CloudFormation carries on with what it was told. */
export async function endServerless(): Promise<void> {
  isEnding = true;
  if (running !== undefined) await end(running, { timeoutMs: 5_000 });
}
