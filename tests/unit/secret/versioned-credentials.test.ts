import { expect, test } from 'vitest';
import { UnusableCredentials } from '../../../lib/secret/livekit-credentials.ts';
import type { SecretReader } from '../../../lib/secret/secrets-manager.ts';
import { credentialsReader, type Fallback } from '../../../lib/secret/versioned-credentials.ts';

const apiSecret = 'a-secret-of-at-least-32-characters';
const usable = JSON.stringify({
  LIVEKIT_API_KEY: 'APIkey',
  LIVEKIT_API_SECRET: apiSecret,
  LIVEKIT_WS_URL: 'wss://project.livekit.cloud',
});
const credentials = { apiKey: 'APIkey', apiSecret, serverUrl: 'wss://project.livekit.cloud' };
const { signal } = new AbortController();

/** A secret with these versions; a version that is an error is one that the store can't give. */
function setUp(versions: { AWSCURRENT: string | undefined | Error; AWSPREVIOUS?: string | Error }) {
  const reads: string[] = [];
  const fallbacks: Fallback[] = [];
  const readSecret: SecretReader = async (stage, given) => {
    expect(given).toBe(signal);
    reads.push(stage);
    const text = versions[stage];
    if (text instanceof Error) throw text;
    return { text, versionId: `id of ${stage}` };
  };
  const read = credentialsReader(readSecret, undefined, (fallback) => fallbacks.push(fallback));
  return { read, reads, fallbacks };
}

test('the current version is read, and no other', async () => {
  const { read, reads, fallbacks } = setUp({ AWSCURRENT: usable, AWSPREVIOUS: usable });
  expect(await read({ signal, hasGoodValue: false })).toEqual({
    ...credentials,
    versionId: 'id of AWSCURRENT',
    isPrevious: false,
  });
  expect(reads).toEqual(['AWSCURRENT']);
  expect(fallbacks).toEqual([]);
});

test('the LiveKit URL may come from elsewhere', async () => {
  const text = JSON.stringify({ LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: apiSecret });
  const fallbackUrl = { url: 'wss://other.livekit.cloud', isLoopback: false };
  const read = credentialsReader(
    async () => ({ text, versionId: undefined }),
    fallbackUrl,
    () => {},
  );
  expect(await read({ signal, hasGoodValue: false })).toMatchObject({ serverUrl: fallbackUrl.url });
});

const faults = [
  { fault: 'not JSON', text: 'not JSON at all' },
  { fault: 'a field is missing', text: JSON.stringify({ LIVEKIT_API_KEY: 'APIkey' }) },
  { fault: 'weak', text: usable.replace(apiSecret, 'weak') },
  { fault: 'binary', text: undefined },
];

test.each(faults)(
  'where the current version is $fault, the one before serves, and that is told',
  async ({ text }) => {
    const { read, reads, fallbacks } = setUp({ AWSCURRENT: text, AWSPREVIOUS: usable });
    expect(await read({ signal, hasGoodValue: false })).toEqual({
      ...credentials,
      versionId: 'id of AWSPREVIOUS',
      isPrevious: true,
    });
    expect(reads).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    expect(fallbacks).toEqual([
      {
        currentVersion: 'id of AWSCURRENT',
        previousVersion: 'id of AWSPREVIOUS',
        fault: expect.any(UnusableCredentials),
      },
    ]);
  },
);

test.each(faults)(
  'where it is $fault and there is a good value, the one before is not read',
  async ({ text }) => {
    const { read, reads, fallbacks } = setUp({ AWSCURRENT: text, AWSPREVIOUS: usable });
    await expect(read({ signal, hasGoodValue: true })).rejects.toThrow(UnusableCredentials);
    expect(reads).toEqual(['AWSCURRENT']);
    expect(fallbacks).toEqual([]);
  },
);

test('a store that can’t be read is not asked again', async () => {
  const denied = new Error('AccessDenied');
  const { read, reads } = setUp({ AWSCURRENT: denied, AWSPREVIOUS: usable });
  await expect(read({ signal, hasGoodValue: false })).rejects.toBe(denied);
  expect(reads).toEqual(['AWSCURRENT']);
});

test.each([
  { what: 'there is none before it', AWSPREVIOUS: new Error('ResourceNotFound'), cause: 'ResourceNotFound' },
  { what: 'the one before is no better', AWSPREVIOUS: '[]', cause: /should be a JSON object/ },
])(
  'where the current version can’t be used and $what, both faults are told',
  async ({ AWSPREVIOUS, cause }) => {
    const { read, fallbacks } = setUp({ AWSCURRENT: '{', AWSPREVIOUS });
    const failure = await read({ signal, hasGoodValue: false }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnusableCredentials);
    expect(failure).toMatchObject({
      message: expect.stringContaining('it is not JSON'),
      cause: { message: expect.stringMatching(cause) },
    });
    expect(fallbacks).toEqual([]);
  },
);
