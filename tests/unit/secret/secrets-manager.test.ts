import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { secretReader } from '../../../lib/secret/secrets-manager.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';

let secretsManager: SecretsManagerStandIn;

beforeEach(async () => {
  secretsManager = await startSecretsManager();
  for (const [name, value] of Object.entries(secretsManager.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await secretsManager.close();
});

const never = () => new AbortController().signal;

test('a secret is read by its name or its ARN, with its version', async () => {
  const { arn, versionId } = secretsManager.put('booky/livekit', 'the text');
  for (const id of ['booky/livekit', arn]) {
    expect(await secretReader(id, 2_000)(never())).toEqual({ text: 'the text', versionId });
  }
});

test('the current version is read, also after a rotation', async () => {
  const read = secretReader('booky/livekit', 2_000);
  secretsManager.put('booky/livekit', 'old');
  await read(never());
  const { versionId } = secretsManager.put('booky/livekit', 'new');
  expect(await read(never())).toEqual({ text: 'new', versionId });
});

test.each(['drop', 'InternalServiceError', 'ThrottlingException', 'hang'] as const)(
  'one %s is retried within the budget',
  async (fault) => {
    const { versionId } = secretsManager.put('booky/livekit', 'the text');
    secretsManager.failWith(fault, 1);
    const budget = AbortSignal.timeout(2_000);
    expect(await secretReader('booky/livekit', 2_000)(budget)).toEqual({ text: 'the text', versionId });
    expect(secretsManager.reads).toBe(2);
  },
);

test('what is no use to retry fails at once, as the service put it', async () => {
  secretsManager.put('booky/livekit', 'the text');
  secretsManager.failWith('AccessDeniedException');
  await expect(secretReader('booky/livekit', 2_000)(never())).rejects.toThrow(
    expect.objectContaining({ name: 'AccessDeniedException' }),
  );
  expect(secretsManager.reads).toBe(1);
  secretsManager.recover();
  await expect(secretReader('another', 2_000)(never())).rejects.toThrow(
    expect.objectContaining({ name: 'ResourceNotFoundException' }),
  );
});

test('a read ends when nobody waits any longer', async () => {
  secretsManager.put('booky/livekit', 'the text');
  secretsManager.failWith('hang');
  const waiting = new AbortController();
  const read = secretReader('booky/livekit', 10_000)(waiting.signal);
  await vi.waitFor(() => expect(secretsManager.reads).toBe(1));
  waiting.abort();
  await expect(read).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
});
