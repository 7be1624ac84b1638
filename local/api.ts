/**
 * The API on a laptop: serverless-offline in a process of its own, which builds the function as a deployment would, with
 * the verifying authorizer before it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end, untilAnswering } from './server-process.ts';

export interface ApiOptions {
  /** The service: where `serverless.yml` is. */
  directory: string;
  /** The port of 127.0.0.1 on which it listens. */
  port: number;
  /** The readers' issuer and the audience that their tokens must name. */
  issuer: string;
  audience: string;
  /** The region that the function believes to be in. */
  region: string;
  /** Further parameters of the deployment, by name. */
  parameters?: Readonly<Record<string, string>>;
  /** The function's environment, beyond what `serverless.yml` sets. */
  environment: Readonly<Record<string, string>>;
  /** Takes what the function logs, and warnings and errors of the build. */
  write: (output: string) => void;
}

export interface Api {
  url: string;
  /** Resolves when the API answers HTTP; rejects if it ends before. */
  ready: Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<void>;
  /** Ends the process and everything that it started. */
  close: () => Promise<void>;
}

/** What serverless-offline draws on its output, whatever its log level: a box, and empty lines around it. */
const drawingOfRoutes = /^\s*([┌│└].*)?$/;

/** The end of a log line that only CloudWatch reads: which of its fields are metrics. */
const forCloudWatch = /,"_aws":\{.*\}(?=\}$)/;

/** How long serverless-offline may take to end itself, in milliseconds. */
const shutdownMs = 5_000;

/** Starts it, and returns at once: to end it early is possible while it still builds. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { directory, port, issuer, audience, region, parameters = {}, environment, write } = options;
  const allParameters = Object.entries({ ...parameters, issuer, audience });
  // Here serverless-offline takes any event for the function, claims included: at a socket that no web page can reach.
  const socketFolder = await mkdtemp(join(tmpdir(), 'booky-api-'));
  const child = spawn(
    process.execPath,
    [
      join(directory, 'node_modules/serverless/bin/serverless.js'),
      'offline',
      ...['--stage', 'dev', '--region', region, '--httpPort', String(port)],
      ...['--lambdaPort', join(socketFolder, 'lambda.sock')],
      ...allParameters.flatMap(([name, value]) => ['--param', `${name}=${value}`]),
    ],
    {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing else of this process's environment: its AWS credentials, say, would reach the function.
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        SLS_TELEMETRY_DISABLED: '1',
        SLS_LOG_LEVEL: 'warning',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AUTHORIZER_ISSUER: issuer,
        AUTHORIZER_AUDIENCE: audience,
        ...environment,
      },
    },
  );
  child.stderr.setEncoding('utf8').on('data', write);
  let isReady = false;
  createInterface(child.stdout).on('line', (line) => {
    if (!drawingOfRoutes.test(line)) write(`${line.replace(forCloudWatch, '')}\n`);
    // With this word the CLI reports why it can't go on; after a failed build, for one, it stays all the same.
    if (line === 'Error:' && !isReady) child.kill('SIGTERM');
  });

  const url = `http://localhost:${port}`;
  const ended = once(child, 'close').then(() => rm(socketFolder, { recursive: true, force: true }));
  const ready = untilAnswering(child, url).then(
    () => {
      isReady = true;
    },
    async (error: unknown) => {
      // What it said of itself comes first.
      await ended;
      throw new Error('The API did not start.', { cause: error });
    },
  );

  return {
    url,
    ready,
    ended,
    close: async () => {
      await end(child, { timeoutMs: shutdownMs });
      await ended;
    },
  };
}
