/** What Lambda provides and operators set must reach the fetch, whatever the build left out of the SDK. */
import { expect, test } from 'vitest';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import {
  anyKeys,
  credentials,
  freezeFor,
  overHeldTls,
  overTls,
  respond,
  secretName,
  startPackaged,
  startStore,
} from './support/environment.ts';
import {
  never,
  signedAt,
  startRecordingStore,
  withDenial,
  withSecret,
  withSecretAndSilence,
} from './support/recording-store.ts';

const resolverHook = new URL('support/print-lookups.cjs', import.meta.url);

test('the read is signed for the function’s region, with its session token', async () => {
  const store = await startStore({ region: 'eu-west-3' });
  const lambda = await startPackaged(store.environment);
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });

  const elsewhere = await startPackaged({ ...store.environment, AWS_REGION: 'eu-west-2' });
  expect(await respond(elsewhere, tokenEvent())).toMatchObject({ statusCode: 503 });
  const withoutToken = await startPackaged({ ...store.environment, AWS_SESSION_TOKEN: '' });
  expect(await respond(withoutToken, tokenEvent())).toMatchObject({ statusCode: 503 });
});

test('the read goes over TLS, to a store whose certificate is trusted and to no other', async () => {
  const store = await startStore();
  const { NODE_EXTRA_CA_CERTS, ...environment } = await overTls(store);
  const lambda = await startPackaged({ ...environment, NODE_EXTRA_CA_CERTS });
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  expect(store.reads).toBe(1);

  const distrustful = await startPackaged(environment);
  expect(await respond(distrustful, tokenEvent())).toMatchObject({ statusCode: 503 });
  expect(store.reads).toBe(1);
});

test('the general endpoint override counts, where the one for Secrets Manager is not set', async () => {
  const store = await startStore();
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER: url, ...env } = store.environment;
  const lambda = await startPackaged({ ...env, AWS_ENDPOINT_URL: url });

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
});

// In the largest partition both names are one; in the European one they differ.
test.each([
  ['by default', {}, 'secretsmanager.eu-west-3.amazonaws.com'],
  ['with FIPS', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'secretsmanager-fips.eu-west-3.amazonaws.com'],
  [
    'with dual-stack',
    { AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_REGION: 'eusc-de-east-1' },
    'secretsmanager.eusc-de-east-1.api.amazonwebservices.eu',
  ],
  [
    'with both',
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_REGION: 'eusc-de-east-1' },
    'secretsmanager-fips.eusc-de-east-1.api.amazonwebservices.eu',
  ],
  ['in China', { AWS_REGION: 'cn-north-1' }, 'secretsmanager.cn-north-1.amazonaws.com.cn'],
  [
    'where overrides are to be ignored',
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    'secretsmanager.eu-west-3.amazonaws.com',
  ],
])('the read goes to the service’s endpoint, %s', async (_, env, host) => {
  const lambda = await startPackaged({
    ...anyKeys,
    AWS_REGION: 'eu-west-3',
    NODE_OPTIONS: `--require=${resolverHook.pathname}`,
    ...env,
  });

  await expect.poll(() => lambda.output).toContain(`looked up ${host}\n`);
});

test.each([
  [3, {}],
  [1, { AWS_MAX_ATTEMPTS: '1' }],
  [5, { AWS_MAX_ATTEMPTS: '5' }],
])('a failing service is asked %d times', async (count, env) => {
  const store = await startStore();
  store.failWith('InternalServiceError');
  const lambda = await startPackaged({ ...store.environment, ...env });

  await expect.poll(() => lambda.output).toContain('The credentials could not be fetched.');
  expect(store.reads).toBe(count);
});

test.each(['InternalServiceError', 'ThrottlingException', 'ServiceUnavailable', 'drop'] as const)(
  'the SDK tries again after %s',
  async (fault) => {
    const store = await startStore();
    store.failWith(fault, 1);
    const lambda = await startPackaged(store.environment);

    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
    expect(store.reads).toBe(2);
    expect(lambda.output).not.toContain('could not be fetched');
  },
);

test('a read that hangs is tried again within the budget', async () => {
  const store = await startStore();
  store.failWith('hang', 1);
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_TIMEOUT_MS: '4000' });

  await expect.poll(() => store.reads).toBe(2);
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  expect(lambda.output).not.toContain('could not be fetched');
});

test('a store that never answers is given up on within the budget, and its connections are closed', async () => {
  const store = await startRecordingStore(never);
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_TIMEOUT_MS: '400' });

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 503 });
  await expect.poll(() => store.connections.open).toBe(0);
});

test.each([
  ['one request at a time', {}],
  ['many at once', { AWS_LAMBDA_MAX_CONCURRENCY: '10' }],
])('a read for a request carries its X-Ray trace, with %s', async (_, env) => {
  const store = await startRecordingStore(withDenial, withSecret);
  const lambda = await startPackaged({ ...store.environment, ...env });
  await expect.poll(() => lambda.output).toContain('The credentials could not be fetched.');

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  // During the init there is no request, and so no trace.
  expect(store.reads.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([undefined, lambda.traceId]);
});

test('a read does not depend on the connection of the one before, which a freeze may have left dead', async () => {
  const store = await startRecordingStore(withSecretAndSilence);
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });

  await expect
    .poll(async () => {
      expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
      return store.reads.length;
    })
    .toBeGreaterThan(1);
  await lambda.stop();

  expect(store.connections.opened).toBe(store.reads.length);
  expect(lambda.output).not.toContain('could not be fetched');
  expect(lambda.output).not.toContain('"credentials_state":"stale"');
});

test('a read leaves no connection open', async () => {
  const store = await startRecordingStore(withSecret);
  const lambda = await startPackaged(store.environment);
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });

  await expect.poll(() => store.connections).toEqual({ opened: 1, open: 0 });
});

test('a request that was signed before a freeze is not sent after it', async () => {
  const store = await startRecordingStore(withSecret);
  const { environment, held } = await overHeldTls(store);
  const lambda = await startPackaged({ ...environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });

  // The handshake of the refresh hangs until the environment is frozen, and is over before it thaws.
  held.hold();
  const readsAfterAnswer = async () => {
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
    return store.reads.length;
  };
  await expect.poll(async () => (await readsAfterAnswer()) && held.waiting).toBe(1);
  const { length } = store.reads;
  const frozenUntil = await freezeFor(lambda, 3_000, held.release);

  await expect.poll(readsAfterAnswer).toBeGreaterThan(length);
  for (const { headers } of store.reads.slice(length)) {
    expect(signedAt(headers)).toBeGreaterThan(frozenUntil - 1_000);
  }
  await lambda.stop();
  expect(lambda.output).not.toContain('could not be fetched');
});

test('a rotated secret is taken up, with its new key', async () => {
  const store = await startStore();
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  store.put(secretName, JSON.stringify({ ...credentials, LIVEKIT_WS_URL: 'wss://new.livekit.cloud' }));

  await expect
    .poll(async () => (await respond(lambda, tokenEvent())).body['server_url'])
    .toBe('wss://new.livekit.cloud');
});
