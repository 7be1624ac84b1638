/** What changes under a deployed function: its secret, and the deployment itself. */
import { TokenVerifier } from 'livekit-server-sdk';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addReader, askForToken, type Cloud, secret, setVariables, startCloud } from './support/cloud.ts';

let bearer: string;
let cloud: Cloud;
let parameters: Record<string, string>;

beforeAll(async () => {
  cloud = await startCloud();
  ({ bearer, parameters } = await addReader(cloud));
});

afterAll(() => cloud?.close());

test('a rotated secret reaches the running function', async () => {
  const stack = await cloud.deploy({ stage: 'rotation', parameters });
  // As often as may be, instead of every five minutes.
  await setVariables(cloud.aws, stack, { CREDENTIALS_MAX_AGE_SECONDS: '1' });
  const isSignedWith = async (credentials: typeof secret) => {
    const { body } = await askForToken(stack, { bearer, club: 1 });
    await new TokenVerifier(credentials.LIVEKIT_API_KEY, credentials.LIVEKIT_API_SECRET).verify(
      String(body['token']),
    );
  };
  await isSignedWith(secret);

  const rotated = {
    ...secret,
    LIVEKIT_API_KEY: 'rotated-key',
    LIVEKIT_API_SECRET: 'rotated-secret-0123456789-0123456789-012345',
  };
  await cloud.putSecret(rotated);
  await vi.waitFor(() => isSignedWith(rotated), { timeout: 30_000, interval: 250 });
});

test('a second deployment changes the first, at the same address', async () => {
  const first = await cloud.deploy({ stage: 'second', parameters });
  // An access token's `username`.
  const club = 'ana';
  expect((await askForToken(first, { bearer, club })).body).toMatchObject({ role: 'member' });

  const second = await cloud.deploy({
    stage: 'second',
    parameters: { ...parameters, 'listeners-claim': 'username' },
  });
  expect(second.url).toBe(first.url);
  expect((await askForToken(second, { bearer, club })).body).toMatchObject({ role: 'listener' });
});
