/** A cold start grows by what is loaded, one import at a time: this is where it is noticed. None of it is measured in time. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { SecretsManagerStandIn } from '../../local/secrets-manager.ts';
import { tokenEvent } from '../support/event.ts';
import { startFunction } from '../support/lambda/runtime-api.ts';
import { describeBundle } from './support/bundle.ts';
import { overTls, respond, secretName, startStore } from './support/environment.ts';

const files = await describeBundle();
const read = fileAt('handlers/token.mjs');
const answers = fileAt('handlers/token-endpoint.mjs');
const shared = fileAt('handlers/chunk.mjs');

test('what is described here is what is in the zip', () => {
  expect(inject('packaged').files).toEqual(
    new Map(Object.entries(files).map(([path, { bytes }]) => [path, bytes])),
  );
});

test('the bundle and the zip stay small: what is compiled before the read of the secret leaves, above all', () => {
  expect(read.bytes + shared.bytes).toBeLessThan(102_500);
  expect(answers.bytes).toBeLessThan(30_000);
  expect(inject('packaged').zipBytes).toBeLessThan(52_500);
});

test('no package gets into the bundle unnoticed', () => {
  expect(packagesIn(read)).toEqual([
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/core',
    '@aws-sdk/credential-provider-env',
    '@aws/lambda-invoke-store',
    '@smithy/core',
    '@smithy/node-http-handler',
    '@smithy/signature-v4',
    '@smithy/types',
  ]);
  expect(packagesIn(answers)).toEqual(['jose', 'livekit-server-sdk', 'valibot']);
  expect(packagesIn(shared)).toEqual([]);
});

test('nothing but what both share is imported at the start, and later only what Lambda’s way of running may ask for', () => {
  const chunk = { path: 'handlers/chunk.mjs', kind: 'import-statement' };
  expect(read.imports).toEqual([
    chunk,
    // Once, at the first read, where many requests run at once.
    { path: 'node:async_hooks', kind: 'dynamic-import', external: true },
    // Once, when the first read has left.
    { path: 'handlers/token-endpoint.mjs', kind: 'dynamic-import' },
  ]);
  expect(answers.imports).toEqual([chunk]);
  expect(shared.imports).toEqual([]);
});

test('after the init nothing is loaded any more, neither for the first request nor for a refresh of the credentials', async () => {
  const store = await startStore();
  const copy = await copyPackaged();
  const lambda = await copy.start({ ...store.environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });
  await lambda.initialised;
  await rm(copy.directory, { recursive: true });

  await expect
    .poll(
      async () => {
        expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
        return store.reads;
      },
      { timeout: 10_000 },
    )
    .toBe(2);
});

describe('what only answers need', () => {
  const rehearsing = `
    export const createTokenEndpoint = () => () => {};
    export const rehearse = async () => { process.stdout.write('rehearsed'); };
  `;

  test.each([
    ['without TLS', async (store: SecretsManagerStandIn) => store.environment],
    ['over TLS', overTls],
  ])('does not hold up the read of the secret, %s', async (_, environmentOf) => {
    const store = await startStore();
    const copy = await copyPackaged();
    // A pipe that nobody writes to keeps the process where it is when it opens it.
    await rm(copy.answers);
    await promisify(execFile)('mkfifo', [copy.answers]);

    await copy.start(await environmentOf(store));
    await expect.poll(() => store.reads).toBe(1);
  });

  test('is rehearsed during the init', async () => {
    const store = await startStore();
    const copy = await copyPackaged();
    await writeFile(copy.answers, rehearsing);

    const lambda = await copy.start(store.environment);
    await lambda.initialised;
    await expect.poll(() => lambda.output).toContain('rehearsed');
  });

  test('does not wait for a read that can’t be sent', async () => {
    const store = await startStore();
    const url = await startSilentServer();
    const copy = await copyPackaged();
    await writeFile(copy.answers, rehearsing);

    const lambda = await copy.start({
      ...store.environment,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      CREDENTIALS_TIMEOUT_MS: '10000',
    });
    await lambda.initialised;
    await expect.poll(() => lambda.output).toContain('rehearsed');
    expect(lambda.output).not.toContain('could not be fetched');
  });
});

/** A copy of the packaged function, to be changed by the test and removed with it. */
async function copyPackaged() {
  const directory = await mkdtemp(join(tmpdir(), 'booky-function-copy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(inject('packaged').directory, directory, { recursive: true });
  return {
    directory,
    /** The file that holds what only answers need. */
    answers: join(directory, 'handlers/token-endpoint.mjs'),
    start: async (environment: Readonly<Record<string, string>>) => {
      const lambda = await startFunction({
        directory,
        env: { LIVEKIT_SECRET_ID: secretName, ...environment },
      });
      onTestFinished(lambda.stop);
      return lambda;
    },
  };
}

/** A server that accepts connections over TLS, as it seems, and never says a word. */
async function startSilentServer(): Promise<string> {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `https://localhost:${address.port}`;
}

type OutputFile = (typeof files)[string];

function fileAt(path: string): OutputFile {
  const file = files[path];
  if (file === undefined) throw new Error(`${path} is not built: there is ${Object.keys(files).join(', ')}`);
  return file;
}

function packagesIn({ inputs }: OutputFile): string[] {
  const packages = Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
    // Of modules that are left out, the bundler keeps a shell of some 20 bytes.
    const name = bytesInOutput > 20 ? /^(?:.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] : undefined;
    return name ?? [];
  });
  return [...new Set(packages)].sort();
}
