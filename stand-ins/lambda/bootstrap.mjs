/**
 * A minimal version of Lambda's managed Node runtime: loads the handler that `_HANDLER` names, then asks the Runtime API for
 * one event after the other. Plain JavaScript, because the bare Node under test runs this file as it is, with no loader
 * that would add to the time of a start.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [hostname, port] = environmentVariable('AWS_LAMBDA_RUNTIME_API').split(':');
const agent = new http.Agent({ keepAlive: true });

/** On Lambda Managed Instances one environment serves many requests at once. */
const concurrent = 'AWS_LAMBDA_MAX_CONCURRENCY' in process.env;
const invokeStore = createInvokeStore();

try {
  const handler = await loadHandler();
  for (;;) {
    const invocation = await nextInvocation();
    if (concurrent) void handle(handler, invocation);
    else await handle(handler, invocation);
  }
} catch (error) {
  process.stderr.write(`${describe(error).trace.join('\n')}\n`);
  await call('POST', '/runtime/init/error', JSON.stringify(describe(error)));
  process.exit(1);
}

/** @param {string} name */
function environmentVariable(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/**
 * Finds the module by the runtime's order of extensions and waits for it, its top-level `await` included.
 *
 * @returns {Promise<(event: unknown, context: object) => unknown>}
 */
async function loadHandler() {
  const [, modulePath = '', exportName = ''] = /^(.*)\.([^.]+)$/.exec(environmentVariable('_HANDLER')) ?? [];
  const path = resolve(environmentVariable('LAMBDA_TASK_ROOT'), modulePath);
  const file = ['.js', '.mjs', '.cjs'].map((extension) => path + extension).find((name) => existsSync(name));
  if (file === undefined) throw new Error(`Cannot find module '${modulePath}'`);
  const module = await import(pathToFileURL(file).href);
  const handler = module[exportName] ?? module.default?.[exportName];
  if (typeof handler !== 'function') throw new Error(`${exportName} is undefined or not exported`);
  return handler;
}

/** @typedef {{ requestId: string, traceId: string, deadlineMs: number, functionArn: string, event: unknown }} Invocation */

/** @returns {Promise<Invocation>} */
async function nextInvocation() {
  const { headers, body } = await call('GET', '/runtime/invocation/next');
  return {
    requestId: String(headers['lambda-runtime-aws-request-id']),
    traceId: String(headers['lambda-runtime-trace-id']),
    deadlineMs: Number(headers['lambda-runtime-deadline-ms']),
    functionArn: String(headers['lambda-runtime-invoked-function-arn']),
    event: JSON.parse(body),
  };
}

/**
 * @param {(event: unknown, context: object) => unknown} handler
 * @param {Invocation} invocation
 */
async function handle(handler, { requestId, traceId, deadlineMs, functionArn, event }) {
  if (!concurrent) process.env['_X_AMZN_TRACE_ID'] = traceId;
  const context = {
    awsRequestId: requestId,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    invokedFunctionArn: functionArn,
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
  try {
    const answer = await invokeStore.run({ requestId, traceId }, () => handler(event, context));
    await call('POST', `/runtime/invocation/${requestId}/response`, JSON.stringify(answer) ?? 'null');
  } catch (error) {
    process.stderr.write(`${describe(error).trace.join('\n')}\n`);
    await call('POST', `/runtime/invocation/${requestId}/error`, JSON.stringify(describe(error)));
  }
}

/**
 * One call of the Runtime API.
 *
 * @param {string} method
 * @param {string} path
 * @param {string} [body]
 * @returns {Promise<{ headers: import('node:http').IncomingHttpHeaders, body: string }>}
 */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const request = http.request(
      { hostname, port, method, path: `/2018-06-01${path}`, agent, ...(headers && { headers }) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ headers: response.headers, body: text }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [String(error)] };
}

/**
 * Where the AWS SDK looks for the trace of the current request: the runtime has it there before any handler loads. With
 * many requests at once it is the only place.
 */
function createInvokeStore() {
  /** @typedef {{ requestId: string, traceId: string }} Current */
  /** @type {() => Current | undefined} */
  let current;
  /** @type {<T>(context: Current, callback: () => T) => T} */
  let run;
  if (concurrent) {
    const storage = new AsyncLocalStorage();
    current = () => storage.getStore();
    run = (context, callback) => storage.run(context, callback);
  } else {
    /** @type {Current | undefined} */
    let held;
    current = () => held;
    run = (context, callback) => {
      held = context;
      return callback();
    };
  }
  const store = {
    getRequestId: () => current()?.requestId ?? '-',
    getXRayTraceId: () => current()?.traceId,
    getTenantId: () => undefined,
  };
  Reflect.set(globalThis, 'awslambda', { InvokeStore: store });
  return { run };
}
