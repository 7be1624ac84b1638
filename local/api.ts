/**
 * The API on a laptop: serverless-offline in a separate process. It builds the function as a deployment does, and runs it behind
 * the authorizer, which verifies JWTs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end, untilAnswering } from './server-process.ts';

export interface ApiOptions {
  /** The service: where `serverless.yml` is. */
  directory: string;
  /** The port on 127.0.0.1 that it listens on. */
  port: number;
  /** The readers' issuer and the audience that their tokens must name. */
  issuer: string;
  audience: string;
  /** The AWS region that the function sees. */
  region: string;
  /** Further parameters of the deployment, by name. */
  parameters?: Readonly<Record<string, string>>;
  /** What the gateway does wrong, for a front end to see. */
  fault?: GatewayFault | undefined;
  /** The function's environment variables, in addition to those of `serverless.yml`. */
  environment: Readonly<Record<string, string>>;
  /** Called with what the function logs, and with warnings and errors of the build. */
  write: (output: string) => void;
}

/** Every request is throttled, or answered after ten seconds. */
export type GatewayFault = '429' | 'slow';

export type Api = Awaited<ReturnType<typeof startApi>>;

/** The box and the empty lines around it that serverless-offline prints at every log level. */
const drawingOfRoutes = /^\s*([┌│└].*)?$/;

/** The end of a log line, which only CloudWatch reads: it says which of the fields are metrics. */
const forCloudWatch = /,"_aws":\{.*\}(?=\}$)/;

/** How long serverless-offline may take to end, in milliseconds. */
const shutdownMs = 5_000;

/** Starts it, and returns at once, so it can be ended while it still builds. */
export async function startApi(options: ApiOptions) {
  const { directory, port, issuer, audience, region, parameters = {}, fault, environment, write } = options;
  const allParameters = Object.entries({ ...parameters, issuer, audience });
  // serverless-offline accepts any event for the function here, claims included, so it listens on a socket that no web page can reach.
  const socketFolder = await mkdtemp(join(tmpdir(), 'booky-api-'));
  const child = spawn(
    process.execPath,
    [
      // As Node finds it: in an npm workspace it is in a folder further up.
      createRequire(join(directory, 'serverless.yml')).resolve('serverless/bin/serverless.js'),
      'offline',
      ...['--stage', 'dev', '--region', region, '--httpPort', String(port)],
      ...['--lambdaPort', join(socketFolder, 'lambda.sock')],
      ...allParameters.flatMap(([name, value]) => ['--param', `${name}=${value}`]),
    ],
    {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // No other variables of this process: its AWS credentials, for example, would reach the function.
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        SLS_TELEMETRY_DISABLED: '1',
        SLS_LOG_LEVEL: 'warning',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AUTHORIZER_ISSUER: issuer,
        AUTHORIZER_AUDIENCE: audience,
        AUTHORIZER_FAULT: fault,
        ...environment,
      },
    },
  );
  child.stderr.setEncoding('utf8').on('data', write);
  let isReady = false;
  createInterface(child.stdout).on('line', (line) => {
    if (!drawingOfRoutes.test(line)) write(`${line.replace(forCloudWatch, '')}\n`);
    // The CLI reports a fatal error with this word, but does not always exit, for example after a failed build.
    if (line === 'Error:' && !isReady) child.kill('SIGTERM');
  });

  const url = `http://localhost:${port}`;
  const ended = once(child, 'close').then(() => rm(socketFolder, { recursive: true, force: true }));
  const ready = untilAnswering(child, url).then(
    () => {
      isReady = true;
    },
    async (error: unknown) => {
      // Its own output comes first.
      await ended;
      throw new Error('The API did not start.', { cause: error });
    },
  );

  return {
    url,
    /** Resolves when the API answers HTTP; rejects if it ends before. */
    ready,
    /** Resolves when the process has ended, for any reason. */
    ended,
    /** Ends the process and all processes that it started. */
    close: async () => {
      await end(child, { timeoutMs: shutdownMs });
      await ended;
    },
  };
}
