/** A cold start grows by what is loaded, one import at a time: this is where it is noticed. None of it is measured in time. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';
import { tokenEvent } from '../support/event.ts';
import { startFunction } from '../support/lambda/runtime-api.ts';
import { describeBundle } from './support/bundle.ts';
import { respond, secretName, startStore } from './support/environment.ts';

const files = await describeBundle();
const read = describe('handlers/token.mjs');
const answers = describe('handlers/token-endpoint.mjs');
const shared = describe('handlers/chunk.mjs');

test('what is described here is what is in the zip', () => {
  expect(inject('packaged').files).toEqual(
    new Map(Object.entries(files).map(([path, { bytes }]) => [path, bytes])),
  );
});

test('the bundle and the zip stay small: what is compiled before the read of the secret leaves, above all', () => {
  expect(read.bytes + shared.bytes).toBeLessThan(103_500);
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
    // To ask EC2 for the region, in a defaults mode that is not the default.
    { path: 'node:http', kind: 'dynamic-import', external: true },
    // Once, at the first read, where many requests run at once.
    { path: 'node:async_hooks', kind: 'dynamic-import', external: true },
    // Once, when the first read has left.
    { path: 'handlers/token-endpoint.mjs', kind: 'dynamic-import' },
  ]);
  expect(answers.imports).toEqual([chunk]);
  expect(shared.imports).toEqual([]);
});

test('after the init nothing is loaded any more, neither for the first request nor for a refresh of the credentials', async () => {
  const { directory, lambda, store } = await startCopy({ CREDENTIALS_MAX_AGE_SECONDS: '1' });
  await lambda.initialised;
  await rm(directory, { recursive: true });

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

test('the read of the secret does not wait for what only answers need', async () => {
  const { store } = await startCopy({}, async (directory) => {
    // A pipe that nobody writes to keeps the process where it is when it opens the file.
    const answers = join(directory, 'handlers/token-endpoint.mjs');
    await rm(answers);
    await promisify(execFile)('mkfifo', [answers]);
  });

  await expect.poll(() => store.reads).toBe(1);
});

test('the answer is rehearsed during the init', async () => {
  const { lambda } = await startCopy({}, (directory) =>
    writeFile(
      join(directory, 'handlers/token-endpoint.mjs'),
      `export const createTokenEndpoint = () => () => {};
       export const rehearse = async () => { process.stdout.write('rehearsed'); };`,
    ),
  );
  await lambda.initialised;

  await expect.poll(() => lambda.output).toContain('rehearsed');
});

/** Starts a copy of the packaged function, and a store for it: the files are the test's own, to be broken or removed. */
async function startCopy(
  env: Readonly<Record<string, string>>,
  change: (directory: string) => Promise<void> = async () => {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'booky-function-copy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(inject('packaged').directory, directory, { recursive: true });
  await change(directory);
  const store = await startStore();
  const lambda = await startFunction({
    directory,
    env: { ...store.environment, LIVEKIT_SECRET_ID: secretName, ...env },
  });
  onTestFinished(lambda.stop);
  return { directory, lambda, store };
}

type OutputFile = (typeof files)[string];

function describe(path: string): OutputFile {
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
