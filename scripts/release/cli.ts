/** Runs the `serverless` of the working directory's service, and ends it when this process is asked to end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import process from 'node:process';
import { end } from '../../local/server-process.ts';

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
