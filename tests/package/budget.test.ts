/** Each loaded module makes a cold start slower: these tests notice new ones. They measure no time. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { describeBundle, packageFoldersIn } from '../../deploy/describe-bundle.ts';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import { startSilentServer } from '../support/silent-server.ts';
import { buildWithAnswers } from './support/bundle.ts';
import { anyKeys, respond, startIn, startPackaged, startStore } from './support/environment.ts';

const bundle = await describeBundle();

test('what is described here is what is in the zip', () => {
  expect(inject('packaged').files).toEqual(new Map([['handlers/token.mjs', bundle.bytes]]));
});

test('the bundle and the zip stay within their limits', () => {
  expect(bundle.bytes).toBeLessThan(137_000);
  expect(inject('packaged').zipBytes).toBeLessThan(53_000);
});

test('no package gets into the bundle unnoticed', () => {
  const packages = packageFoldersIn(bundle).map((folder) => folder.replace(/^.*node_modules\//, ''));
  expect(packages.sort()).toEqual([
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/core',
    '@aws-sdk/credential-provider-env',
    '@aws/lambda-invoke-store',
    '@smithy/core',
    '@smithy/node-http-handler',
    '@smithy/signature-v4',
    '@smithy/types',
    'valibot',
  ]);
});

test('nothing of the check gets into it', () => {
  const rooms = Object.keys(bundle.inputs).filter((path) => /^(token-check|handlers\/check)\b/.test(path));
  expect(rooms).toEqual([]);
});

test('nothing is imported at the start, and later only what the environment may ask for', () => {
  expect(bundle.imports.filter(({ kind }) => kind !== 'dynamic-import')).toEqual([]);
  // Once, at the first read, where many requests run at once; and for an endpoint without TLS, as on a laptop.
  expect(new Set(bundle.imports.map(({ path }) => path))).toEqual(new Set(['node:async_hooks', 'node:http']));
});

test('after the init nothing is loaded any more, neither for the first request nor for a refresh of the credentials', async () => {
  const store = await startStore();
  const directory = await temporaryDirectory();
  await cp(inject('packaged').directory, directory, { recursive: true });
  const lambda = await startIn(directory, { ...store.environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });
  await lambda.initialised;
  await rm(directory, { recursive: true });

  await expect
    .poll(async () => {
      expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
      return store.reads;
    })
    .toBe(2);
});

describe('what only answers need', () => {
  // Two timers of one process: which of them is due first does not depend on how busy the machine is.
  test.each([
    ['is not loaded before the read of the secret has been sent', '100', ['read given up', 'loaded']],
    ['is loaded all the same where sending it takes long', '2000', ['loaded', 'read given up']],
  ])('%s', async (_, CREDENTIALS_TIMEOUT_MS, order) => {
    const { port } = await startSilentServer();
    const lambda = await startPackaged({
      ...anyKeys,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://localhost:${port}`,
      CREDENTIALS_TIMEOUT_MS,
    });
    // By then there has been both.
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 503 });
    await lambda.stop();
    // What the init has to say of the configuration, it says at its end.
    const events = new Map([
      ['CLUBS_CLAIM is not set', 'loaded'],
      ['could not be fetched', 'read given up'],
    ]);
    const pattern = new RegExp([...events.keys()].join('|'), 'g');
    const logged = lambda.output.match(pattern)?.map((text) => events.get(text));
    expect([...new Set(logged)]).toEqual(order);
  });

  test('warms up during the init', async () => {
    const lambda = await startWithAnswers(`
      export const createTokenEndpoint = () => () => {};
      export const warmUp = async () => { process.stdout.write('warmed up'); };
    `);
    await lambda.initialised;
    await expect.poll(() => lambda.output).toContain('warmed up');
  });

  test('that fails to warm up is a warning, and requests are answered', async () => {
    const lambda = await startWithAnswers(`
      export const createTokenEndpoint = () => async () => ({ token: 'a token' });
      export const warmUp = async () => { throw new Error('broken'); };
    `);
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
    await expect.poll(() => lambda.output).toContain('broken');
  });
});

async function startWithAnswers(answers: string) {
  const store = await startStore();
  const directory = await temporaryDirectory();
  await buildWithAnswers(answers, directory);
  return startIn(directory, store.environment);
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-function-copy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
