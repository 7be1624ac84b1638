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
import { type Answer, type Read, startRecordingStore, withSecret } from './support/recording-store.ts';

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

/** In the form NAME=value; without a value the variable is not set. */
const lambda =
  'AWS_REGION=eu-west-3 AWS_ACCESS_KEY_ID=ASIAEXAMPLE AWS_SECRET_ACCESS_KEY=secret AWS_SESSION_TOKEN=token';

function setVariables(text: string): void {
  for (const [, name = '', value] of text.matchAll(/(\w+)=(\S*)/g)) vi.stubEnv(name, value || undefined);
}

function clientOf({ SecretsManagerClient, protocol }: Packages): SecretsManagerClient {
  return new SecretsManagerClient(protocol ? { protocol } : {});
}

describe('a client reads its settings as the published one does, with what Lambda sets', () => {
  test.each([
    'and no more',
    'AWS_REGION=',
    'AWS_ACCESS_KEY_ID=',
    'AWS_SESSION_TOKEN=',
    'AWS_CREDENTIAL_EXPIRATION=2027-01-01T00:00:00Z AWS_ACCOUNT_ID=123456789012',
    'AWS_MAX_ATTEMPTS=5',
    'AWS_MAX_ATTEMPTS=many',
    'AWS_RETRY_MODE=adaptive',
    'AWS_USE_FIPS_ENDPOINT=true',
    'AWS_USE_FIPS_ENDPOINT=perhaps',
    'AWS_USE_DUALSTACK_ENDPOINT=true',
    'AWS_USE_FIPS_ENDPOINT=true AWS_USE_DUALSTACK_ENDPOINT=true AWS_ENDPOINT_URL=http://127.0.0.1:1',
    'AWS_SDK_UA_APP_ID=booky',
    'AWS_AUTH_SCHEME_PREFERENCE=sigv4a,sigv4',
    'AWS_DEFAULTS_MODE=in-region',
    'AWS_DEFAULTS_MODE=auto AWS_EXECUTION_ENV=AWS_Lambda_nodejs24.x',
  ])('%s', async (variables) => {
    setVariables(`${lambda} ${variables}`);
    expect(await settingsOf(asBundled)).toEqual(await settingsOf(asPublished));
  });
});

/** Each setting's value, or the name of the error that reading it throws. */
async function settingsOf(packages: Packages): Promise<Record<string, unknown>> {
  const { config } = clientOf(packages);
  const { region, credentials, maxAttempts, retryMode, useFipsEndpoint, useDualstackEndpoint } = config;
  const { userAgentAppId, defaultUserAgentProvider, defaultsMode, authSchemePreference } = config;
  const settings = {
    ...{ region, credentials, maxAttempts, retryMode, useFipsEndpoint, useDualstackEndpoint },
    ...{ userAgentAppId, defaultUserAgentProvider, defaultsMode, authSchemePreference },
    retries: async () => (await config.retryStrategy()).constructor.name.replace(/^_|\d+$/g, ''),
  };
  const read = Object.entries<unknown>(settings).map(async ([name, setting]) => {
    try {
      return [name, typeof setting === 'function' ? await setting() : setting];
    } catch (error) {
      return [name, error instanceof Error ? { error: error.name } : error];
    }
  });
  return Object.fromEntries(await Promise.all(read));
}

describe('a read of the secret is the published one’s, on the wire and in what comes of it', () => {
  const anHourAhead = new Date(Date.now() + 3_600_000).toUTCString();
  const html = { 'content-type': 'text/html' };

  test.each<[string, number, string, string, Record<string, string>?]>([
    ['a secret', 200, '{"VersionId":"v1","SecretString":"{}"}', 'resolved {} v1'],
    ['a binary secret', 200, '{"SecretBinary":"AAEC","VersionId":"v1"}', 'resolved undefined v1'],
    ['a request id', 200, '{"SecretString":"s"}', '1 200 abc-123', { 'x-amzn-requestid': 'abc-123' }],
    ['nothing', 200, '', 'resolved undefined undefined'],
    ['null', 200, 'null', 'resolved undefined undefined'],
    ['a denial', 400, '{"__type":"AccessDeniedException","message":"no"}', 'AccessDeniedException: no'],
    ['a failure', 500, '{"__type":"InternalServiceError","message":"later"}', 'later'],
    ['a namespace and a URL', 400, '{"__type":"com.amazonaws.x#Odd:http://a/b"}', 'Odd: UnknownError'],
    ['an error with a comma', 400, '{"__type":"Odd,http://a/b","Message":"so"}', 'Odd: so'],
    ['an error that a header names', 400, '{}', 'Odd: Unknown', { 'x-amzn-errortype': 'Odd:http://a/b' }],
    ['an error by its code', 400, '{"code":"InvalidRequestException"}', 'InvalidRequestException'],
    ['an empty first message', 400, '{"__type":"Odd","message":"","Message":"so"}', 'Odd: so'],
    ['another clock', 400, '{"__type":"InvalidSignatureException"}', 'client 3', { date: anHourAhead }],
    ['a request to slow down', 429, '{}', 'Unknown: UnknownError client 3', { 'retry-after': '0' }],
    ['an error that is nothing', 400, '', 'Unknown: UnknownError'],
    ['an error that is null', 400, 'null', 'Unknown: UnknownError'],
    ['a throttling that says so', 400, '{"__type":"ThrottlingException"}', 'ThrottlingException'],
    ['a failing gateway', 502, '<html>', 'SyntaxError', html],
    ['something else', 200, '<html>', 'SyntaxError', html],
  ])('answered with %s', async (_, status, body, outcome, headers) => {
    const answer: Answer = (response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers }).end(body);
    };
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
    setVariables(lambda);
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', endpoint);
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
