/** A cold start grows by what is loaded, one import at a time: this is where it is noticed. None of it is measured in time. */
import { rm } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { tokenEvent } from '../support/event.ts';
import { packageFunction } from '../support/lambda/package.ts';
import { startFunction } from '../support/lambda/runtime-api.ts';
import { describeBundle } from './support/bundle.ts';
import { respond, secretName, startStore } from './support/environment.ts';

const bundle = await describeBundle();

test('what is described here is what is in the zip', () => {
  expect(inject('packaged').files).toEqual(new Map([['handlers/token.mjs', bundle.bytes]]));
});

test('the bundle and the zip stay small', () => {
  expect(bundle.bytes).toBeLessThan(188_000);
  expect(inject('packaged').zipBytes).toBeLessThan(72_000);
});

test('no package gets into the bundle unnoticed', () => {
  const packages = Object.entries(bundle.inputs).flatMap(([path, { bytesInOutput }]) => {
    // Of modules that are left out, the bundler keeps a shell of some 20 bytes.
    const name = bytesInOutput > 20 ? /^(?:.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] : undefined;
    return name ?? [];
  });
  expect([...new Set(packages)].sort()).toEqual([
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/core',
    '@aws-sdk/credential-provider-env',
    '@aws/lambda-invoke-store',
    '@smithy/core',
    '@smithy/node-http-handler',
    '@smithy/signature-v4',
    '@smithy/types',
    'jose',
    'livekit-server-sdk',
    'valibot',
  ]);
});

test('nothing is imported at the start, and later only what Lambda’s way of running may ask for', () => {
  expect(bundle.imports).toEqual([
    // To ask EC2 for the region, in a defaults mode that is not the default.
    { path: 'node:http', kind: 'dynamic-import', external: true },
    // Once, at the first read, where many requests run at once.
    { path: 'node:async_hooks', kind: 'dynamic-import', external: true },
  ]);
});

test('a warm request, a refresh of the credentials included, loads nothing any more', async () => {
  const { directory, remove } = await packageFunction();
  const store = await startStore();
  const env = { ...store.environment, LIVEKIT_SECRET_ID: secretName, CREDENTIALS_MAX_AGE_SECONDS: '1' };
  const lambda = await startFunction({ directory, env });
  try {
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
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
  } finally {
    await lambda.stop();
    await remove();
  }
});
