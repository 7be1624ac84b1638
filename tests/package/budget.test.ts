/** A cold start grows by what is loaded, one import at a time: this is where it is noticed. None of it is measured in time. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { tokenEvent } from '../support/event.ts';
import { startFunction } from '../support/lambda/runtime-api.ts';
import { startSilentServer } from '../support/silent-server.ts';
import { describeBundle, type OutputFile, withoutHash } from './support/bundle.ts';
import { anyKeys, respond, secretName, startStore } from './support/environment.ts';

const files = await describeBundle();
const read = fileAt('handlers/token.mjs');
const answers = fileAt('handlers/chunks/token-endpoint.mjs');
const shared = fileAt('handlers/chunks/chunk.mjs');

/** For what a process prints that has only just been started. */
const patience = { timeout: 10_000 };

test('what is described here is what is in the zip', () => {
  const packaged = [...inject('packaged').files].map(([path, bytes]) => [withoutHash(path), bytes]);
  expect(packaged.sort()).toEqual([...files].map(([path, { bytes }]) => [path, bytes]).sort());
});

test('the bundle and the zip stay small: what is compiled before the read of the secret leaves, above all', () => {
  expect(read.bytes + shared.bytes).toBeLessThan(101_500);
  expect(answers.bytes).toBeLessThan(30_000);
  expect(inject('packaged').zipBytes).toBeLessThan(51_500);
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
  const chunk = { path: 'handlers/chunks/chunk.mjs', kind: 'import-statement' };
  expect(read.imports).toEqual([
    chunk,
    // Once, at the first read, where many requests run at once.
    { path: 'node:async_hooks', kind: 'dynamic-import', external: true },
    // At the first read, where the store has no TLS: on a laptop.
    { path: 'node:http', kind: 'dynamic-import', external: true },
    // Once, when the first read has left.
    { path: 'handlers/chunks/token-endpoint.mjs', kind: 'dynamic-import' },
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

  test('is rehearsed during the init', async () => {
    const store = await startStore();
    const copy = await copyPackaged();
    await writeFile(copy.answers, rehearsing);

    const lambda = await copy.start(store.environment);
    await lambda.initialised;
    await expect.poll(() => lambda.output, patience).toContain('rehearsed');
  });

  // Two timers of one process: which of them is due first does not depend on how busy the machine is.
  test.each([
    [
      'is not loaded before the read of the secret has been sent',
      '100',
      ['could not be fetched', 'rehearsed'],
    ],
    ['is loaded all the same where sending it takes long', '2000', ['rehearsed', 'could not be fetched']],
  ])('%s', async (_, CREDENTIALS_TIMEOUT_MS, order) => {
    const { port } = await startSilentServer();
    const copy = await copyPackaged();
    await writeFile(copy.answers, rehearsing);

    const lambda = await copy.start({
      ...anyKeys,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://localhost:${port}`,
      CREDENTIALS_TIMEOUT_MS,
    });
    await expect.poll(() => lambda.output.match(/rehearsed|could not be fetched/g), patience).toEqual(order);
  });

  test('that fails when it is rehearsed is a warning, and requests are answered', async () => {
    const store = await startStore();
    const copy = await copyPackaged();
    await writeFile(
      copy.answers,
      `export const createTokenEndpoint = () => async () => ({ token: 'a token' });
       export const rehearse = async () => { throw new Error('stage fright'); };`,
    );

    const lambda = await copy.start(store.environment);
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
    await expect.poll(() => lambda.output, patience).toContain('stage fright');
  });
});

/** A copy of the packaged function, to be changed by the test and removed with it. */
async function copyPackaged() {
  const answers = [...inject('packaged').files.keys()].find((path) => path.includes('/token-endpoint-'));
  if (answers === undefined) throw new Error('the zip has no file for what only answers need');
  const directory = await mkdtemp(join(tmpdir(), 'booky-function-copy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(inject('packaged').directory, directory, { recursive: true });
  return {
    directory,
    /** The file that holds what only answers need. */
    answers: join(directory, answers),
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

function fileAt(path: string): OutputFile {
  const file = files.get(path);
  if (file === undefined) throw new Error(`${path} is not built: there is ${[...files.keys()].join(', ')}`);
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
