import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { secretReader } from '../../../lib/secret/secrets-manager.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';
import { listen } from '../../support/listen.ts';

let secretsManager: SecretsManagerStandIn;
let first: { arn: string; versionId: string };

beforeEach(async () => {
  secretsManager = await startSecretsManager();
  first = secretsManager.put('booky/livekit', 'the text');
  for (const [name, value] of Object.entries(secretsManager.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await secretsManager.close();
});

const never = () => new AbortController().signal;
const named = (name: string) => expect.objectContaining({ name });

test('a secret is read by its name or its ARN, with its version', async () => {
  const { arn, versionId } = first;
  for (const id of ['booky/livekit', arn]) {
    expect(await secretReader(id, 2_000)('AWSCURRENT', never())).toEqual({ text: 'the text', versionId });
  }
});

test('after a rotation the new version is read, and the one before by its label', async () => {
  const read = secretReader('booky/livekit', 2_000);
  await read('AWSCURRENT', never());
  await expect(read('AWSPREVIOUS', never())).rejects.toThrow(named('ResourceNotFoundException'));
  const { versionId } = secretsManager.put('booky/livekit', 'new');
  expect(await read('AWSCURRENT', never())).toEqual({ text: 'new', versionId });
  expect(await read('AWSPREVIOUS', never())).toEqual({ text: 'the text', versionId: first.versionId });
});

test.each(['drop', 'InternalServiceError', 'ThrottlingException', 'hang'] as const)(
  'one %s is retried within the budget',
  async (fault) => {
    secretsManager.failWith(fault, 1);
    const read = secretReader('booky/livekit', 2_000)('AWSCURRENT', AbortSignal.timeout(2_000));
    expect(await read).toEqual({ text: 'the text', versionId: first.versionId });
    expect(secretsManager.reads).toBe(2);
  },
);

test('an error that a retry can’t help fails at once, with the service’s message', async () => {
  secretsManager.failWith('AccessDeniedException');
  const read = secretReader('booky/livekit', 2_000)('AWSCURRENT', never());
  await expect(read).rejects.toThrow(named('AccessDeniedException'));
  expect(secretsManager.reads).toBe(1);
});

test('a read ends when no request waits for it any longer', async () => {
  secretsManager.failWith('hang');
  const waiting = new AbortController();
  const read = secretReader('booky/livekit', 10_000)('AWSCURRENT', waiting.signal);
  await vi.waitFor(() => expect(secretsManager.reads).toBe(1), { timeout: 15_000 });
  waiting.abort();
  await expect(read).rejects.toThrow(named('AbortError'));
});

test('what a read learned of the store’s clock does not date the signature of the next one', async () => {
  const signedAt: string[] = [];
  const server = createServer((request, response) => {
    signedAt.push(String(request.headers['x-amz-date']));
    // As a read sees it whose answer lay in a frozen environment for an hour.
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
    response.end('{"SecretString":"the text"}');
  });
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${await listen(server)}`);

  const read = secretReader('booky/livekit', 2_000);
  await read('AWSCURRENT', never());
  await read('AWSCURRENT', never());
  // As texts in this form the later is the greater.
  expect(signedAt).toEqual([...signedAt].sort());
  expect(signedAt).toHaveLength(2);
});
