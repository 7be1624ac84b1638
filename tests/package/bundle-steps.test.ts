/** What the build changes in packages, held against the packages themselves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import type { ResponseMetadata } from '@smithy/types';
import type { Plugin } from 'esbuild';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { changePackages, coreModules, replacements } from '../../deploy/bundle-steps.cjs';
import { bundleSource } from './support/bundle.ts';
import {
  type Answer,
  type Read,
  startRecordingStore,
  withDenial,
  withSecret,
} from './support/recording-store.ts';

interface Packages {
  /** The published client brings its own. */
  protocol?: SecretsManagerClientConfig['protocol'];
  GetSecretValueCommand: typeof GetSecretValueCommand;
  SecretsManagerClient: typeof SecretsManagerClient;
}

const directory = await mkdtemp(join(tmpdir(), 'booky-packages-'));
afterAll(() => rm(directory, { recursive: true }));

const source =
  "export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';";
const asPublished = await bundled('published', source, []);
const asBundled = await bundled(
  'bundled',
  `${source} export { getSecretValueProtocol as protocol } from './lib/secret/get-secret-value-protocol.ts';`,
  [coreModules, changePackages(replacements)],
);

/** The packages' ES modules, as these plugins change them. */
async function bundled(name: string, source: string, plugins: Plugin[]): Promise<Packages> {
  const file = join(directory, `${name}.mjs`);
  await writeFile(file, await bundleSource(source, plugins));
  return await import(pathToFileURL(file).href);
}

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  // As on Lambda: no home directory with files of settings, no EC2 to ask.
  vi.stubEnv('HOME', directory);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  return () => vi.unstubAllEnvs();
});

const lambda = {
  AWS_REGION: 'eu-west-3',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
};

function clientOf({ SecretsManagerClient, protocol }: Packages): SecretsManagerClient {
  return new SecretsManagerClient(protocol ? { protocol } : {});
}

describe('a client reads its settings as the published one does', () => {
  test.each<[string, Record<string, string | undefined>]>([
    ['what Lambda sets', {}],
    ['no region', { AWS_REGION: undefined }],
    ['no credentials', { AWS_ACCESS_KEY_ID: undefined }],
    ['no session token', { AWS_SESSION_TOKEN: undefined }],
    [
      'credentials that expire',
      { AWS_CREDENTIAL_EXPIRATION: '2027-01-01T00:00:00Z', AWS_ACCOUNT_ID: '123456789012' },
    ],
    ['five attempts', { AWS_MAX_ATTEMPTS: '5' }],
    ['attempts that are no number', { AWS_MAX_ATTEMPTS: 'many' }],
    ['adaptive retries', { AWS_RETRY_MODE: 'adaptive' }],
    ['FIPS', { AWS_USE_FIPS_ENDPOINT: 'true' }],
    ['neither FIPS nor not', { AWS_USE_FIPS_ENDPOINT: 'perhaps' }],
    ['dual-stack', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }],
    [
      'both, with a custom endpoint',
      {
        AWS_USE_FIPS_ENDPOINT: 'true',
        AWS_USE_DUALSTACK_ENDPOINT: 'true',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      },
    ],
    ['a name for the user agent', { AWS_SDK_UA_APP_ID: 'booky' }],
    ['a preferred way to sign', { AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a,sigv4' }],
    ['other defaults', { AWS_DEFAULTS_MODE: 'in-region' }],
    [
      'defaults by what it finds out',
      { AWS_DEFAULTS_MODE: 'auto', AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    ],
  ])('%s', async (_, environment) => {
    for (const [name, value] of Object.entries({ ...lambda, ...environment })) vi.stubEnv(name, value);
    expect(await settingsOf(asBundled)).toEqual(await settingsOf(asPublished));
  });
});

/** Each setting's value, or the name of the error that reading it throws. */
async function settingsOf(packages: Packages): Promise<Record<string, unknown>> {
  const { config } = clientOf(packages);
  const settings = {
    region: config.region,
    credentials: config.credentials,
    maxAttempts: config.maxAttempts,
    retryMode: () => (typeof config.retryMode === 'function' ? config.retryMode() : config.retryMode),
    retries: async () => (await config.retryStrategy()).constructor.name.replace(/^_|\d+$/g, ''),
    useFipsEndpoint: config.useFipsEndpoint,
    useDualstackEndpoint: config.useDualstackEndpoint,
    userAgentAppId: config.userAgentAppId,
    userAgent: () => config.defaultUserAgentProvider(),
    defaultsMode: () =>
      typeof config.defaultsMode === 'function' ? config.defaultsMode() : config.defaultsMode,
    authSchemePreference: config.authSchemePreference,
  };
  const read = Object.entries(settings).map(async ([name, setting]): Promise<[string, unknown]> => {
    try {
      return [name, await setting?.()];
    } catch (error) {
      return [name, error instanceof Error ? { error: error.name } : error];
    }
  });
  return Object.fromEntries(await Promise.all(read));
}

describe('a read of the secret is the published one’s, on the wire and in what comes of it', () => {
  const answerWith =
    (statusCode: number, body: string, headers: Record<string, string> = {}): Answer =>
    (response) => {
      response.writeHead(statusCode, { 'content-type': 'application/x-amz-json-1.1', ...headers });
      response.end(body);
    };

  test.each<[string, Answer, string]>([
    ['the secret', withSecret, 'resolved {"LIVEKIT_API_KEY"'],
    ['a binary secret', answerWith(200, '{"SecretBinary":"AAEC","VersionId":"v1"}'), 'resolved undefined v1'],
    [
      'a request id',
      answerWith(200, '{"SecretString":"s"}', { 'x-amzn-requestid': 'abc-123' }),
      'resolved s undefined 1 200 abc-123',
    ],
    ['nothing', answerWith(200, ''), 'resolved undefined undefined'],
    ['null', answerWith(200, 'null'), 'resolved undefined undefined'],
    ['a denial', withDenial, 'AccessDeniedException: no'],
    [
      'an error of the service',
      answerWith(500, '{"__type":"InternalServiceError","message":"later"}'),
      'later',
    ],
    [
      'an error with a namespace and a URL',
      answerWith(400, '{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException:http://a/b"}'),
      'ResourceNotFoundException: UnknownError',
    ],
    ['an error with a comma', answerWith(400, '{"__type":"Odd,http://a/b","Message":"so"}'), 'Odd: so'],
    [
      'an error that a header names',
      answerWith(400, '{}', { 'x-amzn-errortype': 'DecryptionFailure:http://a/b' }),
      'DecryptionFailure: UnknownError',
    ],
    [
      'an error by its code',
      answerWith(400, '{"code":"InvalidRequestException"}'),
      'InvalidRequestException',
    ],
    [
      'an error that says nothing in its first message',
      answerWith(400, '{"__type":"Odd","message":"","Message":"so"}'),
      'Odd: so',
    ],
    [
      'a clock that is an hour ahead',
      (response) => {
        const ahead = new Date(Date.now() + 3_600_000).toUTCString();
        answerWith(400, '{"__type":"InvalidSignatureException"}', { date: ahead })(response);
      },
      'InvalidSignatureException: UnknownError client 3',
    ],
    [
      'a request to slow down',
      answerWith(429, '{}', { 'retry-after': '0' }),
      'Unknown: UnknownError client 3',
    ],
    ['an error that is nothing', answerWith(400, ''), 'Unknown: UnknownError'],
    ['an error that is null', answerWith(400, 'null'), 'Unknown: UnknownError'],
    ['a throttling that says so', answerWith(400, '{"__type":"ThrottlingException"}'), 'ThrottlingException'],
    ['a failing gateway', answerWith(502, '<html>', { 'content-type': 'text/html' }), 'SyntaxError'],
    ['something else', answerWith(200, '<html>', { 'content-type': 'text/html' }), 'SyntaxError'],
  ])('answered with %s', async (_, answer, outcome) => {
    const published = await readWith(asPublished, answer);
    const bundled = await readWith(asBundled, answer);
    expect(published.outcome).toContain(outcome);
    expect(bundled).toEqual(published);
  });

  test.each(['', '/', '/behind/a/path', '/behind/a/path/', '?with=a&query='])(
    'sent to an endpoint that ends in "%s"',
    async (end) => {
      const published = await readWith(asPublished, withSecret, end);
      expect(published.reads).toHaveLength(1);
      expect(await readWith(asBundled, withSecret, end)).toEqual(published);
    },
  );

  async function readWith(packages: Packages, answer: Answer, end = '') {
    const store = await startRecordingStore(answer);
    const endpoint = store.environment['AWS_ENDPOINT_URL_SECRETS_MANAGER'] + end;
    const environment = { ...lambda, ...store.environment, AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const client = clientOf(packages);
    const command = new packages.GetSecretValueCommand({ SecretId: 'booky/livekit' });
    const outcome = await client.send(command).then(
      ({ SecretString, VersionId, $metadata }) =>
        `resolved ${SecretString} ${VersionId} ${metadata($metadata)}`,
      ({ name, message, $fault, $metadata }) =>
        `rejected ${name}: ${message} ${$fault} ${metadata($metadata)}`,
    );
    client.destroy();
    return { outcome, reads: store.reads.map(comparable) };
  }

  /** What a read says of itself; how long it waited between attempts is left to chance. */
  function metadata({ attempts, httpStatusCode, requestId }: ResponseMetadata): string {
    return `${attempts} ${httpStatusCode} ${requestId}`;
  }

  /** Without what differs between any two reads; of that, its form. */
  function comparable({ headers, ...read }: Read): unknown {
    const form = (text: unknown) =>
      String(text)
        .replaceAll(/[0-9a-f]/g, 'x')
        .replaceAll(/\d/g, 'x');
    const volatile = ['amz-sdk-invocation-id', 'authorization', 'host', 'x-amz-date'];
    const comparableHeaders = Object.entries(headers).map(([name, value]) => [
      name,
      volatile.includes(name) ? form(value) : value,
    ]);
    return { ...read, headers: Object.fromEntries(comparableHeaders) };
  }
});

describe('a replacement that no longer meets what it replaces fails the build and is named', () => {
  const source = "export { streamCollector } from '@smithy/core/serde';";
  const stream = '@smithy/core/dist-es/submodules/serde/util-stream';
  const found = {
    file: `${stream}/stream-collector.js`,
    import: './stream-type-check',
    by: 'no-web-streams.ts',
  };

  test.each([
    { ...found, import: './moved' },
    { ...found, import: 'stream-type-check' },
    { ...found, file: `${stream}/moved.js` },
  ])('$import in $file', async (moved) => {
    await expect(bundleSource(source, [changePackages([moved])])).rejects.toThrow(
      `deploy/replacements/no-web-streams.ts no longer meets an import of ${moved.import} in ${moved.file}`,
    );
  });

  test('also where the package asks for more than the replacement has', async () => {
    const poorer = { ...found, by: 'no-event-streams.ts' };
    await expect(bundleSource(source, [changePackages([poorer])])).rejects.toThrow(
      /No matching export in "deploy\/replacements\/no-event-streams\.ts" for import "isBlob"/,
    );
  });
});

test('core modules stay what they are, functions included', async () => {
  const source = `
    import assert from 'node:assert';
    import EventEmitter, { once } from 'node:events';
    assert(true);
    export class Emitter extends EventEmitter {}
    export const heard = once(new Emitter().on('newListener', () => {}), 'newListener');
  `;
  const file = join(directory, 'core-modules.mjs');
  await writeFile(file, await bundleSource(source, [coreModules]));
  const { Emitter, heard } = await import(pathToFileURL(file).href);
  expect(new Emitter().listenerCount('any')).toBe(0);
  expect(await heard).toBeInstanceOf(Array);
});
