/**
 * A stub of Lambda's Runtime API: runs an unpacked zip in a Node process of its own, as the managed runtime would, and hands
 * it events. What a bundle does only when it runs (a missing module, a `require` in ESM, an init that dies) shows here.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveOnLoopback } from '../listen-on-loopback.ts';

/** This repository's own minimal runtime. */
const ownRuntime = fileURLToPath(new URL('bootstrap.mjs', import.meta.url));
const functionName = 'booky-meeting-token-test-token';

/** The function's timeout, in seconds: the deadline that its events carry. Nothing enforces it here. */
const timeoutSeconds = 15;

export interface FunctionOptions {
  /** Where the zip was unpacked: the function's task root and working directory. */
  directory: string;
  /** Module path without extension, a dot, and the export. */
  handler?: string;
  /** Variables of the function's own, and those that Lambda sets and a test wants otherwise. */
  env: Readonly<Record<string, string>>;
  /** The Node binary to run it under; the one that runs this by default. */
  nodePath?: string;
  /** The module that runs the function: a runtime of this repository's own, unless AWS's is at hand. */
  runtime?: string;
}

/** How one event was answered. */
export interface Invocation {
  /** What the handler returned, parsed. */
  payload: unknown;
  /** From the event's leaving to the answer's arrival, in milliseconds. */
  durationMs: number;
}

/** One execution environment of the function. */
export interface LambdaFunction {
  /** Resolves at the process's first call for an event; rejects if the init failed. */
  initialised: Promise<void>;
  /** When the process was started, by `performance.now()`. */
  startedAt: number;
  /** Hands over an event, also while the init is under way. Rejects if the handler throws or the process ends. */
  invoke: (event: unknown) => Promise<Invocation>;
  /** The trace id that came with the last event. */
  readonly traceId: string;
  /** Everything written so far to standard output and error; complete after `stop()`. */
  readonly output: string;
  /** Stops the process where it is, as Lambda does between requests; its connections stay open on its side. */
  freeze: () => void;
  thaw: () => void;
  /** Ends the process, frozen or not, and waits for it. */
  stop: () => Promise<void>;
}

/** An event on its way, and who waits for its answer. */
type Pending = Gate<Invocation> & { requestId: string; event: unknown; sentAt: number };

/** Starts one environment; returns as soon as the process is on its way. */
export async function startFunction(options: FunctionOptions): Promise<LambdaFunction> {
  const queued: Pending[] = [];
  const delivered = new Map<string, Pending>();
  const waiting: ServerResponse[] = [];
  const init = createGate<void>();
  let traceId = '';

  const deliver = () => {
    for (;;) {
      const [response, pending] = [waiting[0], queued[0]];
      if (!response || !pending) return;
      waiting.shift();
      queued.shift();
      delivered.set(pending.requestId, pending);
      traceId = newTraceId();
      pending.sentAt = performance.now();
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': pending.requestId,
        'lambda-runtime-trace-id': traceId,
        'lambda-runtime-deadline-ms': Date.now() + timeoutSeconds * 1000,
        'lambda-runtime-invoked-function-arn': `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`,
      });
      response.end(JSON.stringify(pending.event));
    }
  };

  const failAll = (error: Error) => {
    init.reject(error);
    for (const { reject } of [...queued.splice(0), ...delivered.values()]) reject(error);
    delivered.clear();
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const arrivedAt = performance.now();
    const body = Buffer.concat(await request.toArray()).toString();
    const [, requestId = '', outcome] =
      /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(request.url ?? '') ?? [];
    const pending = delivered.get(requestId);
    if (request.url === '/2018-06-01/runtime/invocation/next') {
      init.resolve();
      waiting.push(response);
      deliver();
      return;
    }
    if (request.url === '/2018-06-01/runtime/init/error') {
      failAll(new Error(`The init failed: ${body}`));
    } else if (pending && outcome === 'response') {
      pending.resolve({ payload: JSON.parse(body), durationMs: arrivedAt - pending.sentAt });
    } else if (pending && outcome === 'error') {
      pending.reject(new Error(`The handler threw: ${body}`));
    } else {
      response.statusCode = 404;
    }
    delivered.delete(requestId);
    if (response.statusCode === 200) response.statusCode = 202;
    response.end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  // The process may be frozen for as long as a test likes.
  server.keepAliveTimeout = 0;
  const { port, close } = await serveOnLoopback(server);

  // A file: as on Lambda, it is not this process that reads the log while it waits for an answer.
  const logDirectory = await mkdtemp(join(tmpdir(), 'booky-log-'));
  const logFile = join(logDirectory, 'log');
  const log = openSync(logFile, 'a');

  const startedAt = performance.now();
  const { nodePath = process.execPath, runtime = ownRuntime } = options;
  const child = spawn(nodePath, [runtime], {
    cwd: options.directory,
    env: {
      ...lambdaEnvironment(options.directory),
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      _HANDLER: options.handler ?? 'handlers/token.handler',
      ...options.env,
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: string | undefined;
  const output = () => ended ?? readFileSync(logFile, 'utf8');
  const closed = once(child, 'close').then(
    ([code, signal]) =>
      failAll(new Error(`The function's process ended (${signal ?? code}): ${output().trim()}`)),
    (error: unknown) => failAll(new Error('The function could not be started.', { cause: error })),
  );

  const stop = async () => {
    child.kill('SIGKILL');
    await closed;
    ended ??= output();
    await rm(logDirectory, { recursive: true, force: true });
    await close();
  };

  return {
    initialised: init.promise,
    startedAt,
    invoke: (event) => {
      const answered = createGate<Invocation>();
      queued.push({ requestId: randomUUID(), event, sentAt: 0, ...answered });
      deliver();
      return answered.promise;
    },
    get traceId() {
      return traceId;
    },
    get output() {
      return output();
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop,
  };
}

/** What Lambda sets for a Node function; there is no `HOME`, and nothing of the machine that runs the test. */
function lambdaEnvironment(directory: string): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LAMBDA_TASK_ROOT: directory,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1:2000',
  };
}

type Gate<T> = ReturnType<typeof createGate<T>>;

/** A promise whose rejection may stay unhandled. */
function createGate<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((...functions) => {
    [resolve, reject] = functions;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}

function newTraceId(): string {
  const hex = (length: number) => randomUUID().replaceAll('-', '').slice(0, length);
  return `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${hex(24)};Parent=${hex(16)};Sampled=0`;
}
