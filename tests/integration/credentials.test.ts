import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { expect, it, onTestFinished } from 'vitest';
import { startLaptop } from '../support/laptop.ts';

/** A line of the log may come after the answer. */
const patience = { timeout: 10_000 };

const url = 'wss://booky.livekit.cloud';
const short = 'only-thirty-one-characters-long';
const strong = 'thirty-two-characters-or-more-it-is';
const answerSchema = v.object({ token: v.string(), server_url: v.string() });

it('answers 503 while there are no usable credentials, and logs why; and a token as soon as there are', async () => {
  const { secretsManager, putSecret, askForToken, log, close } = await startLaptop({
    environment: { CREDENTIALS_COOLDOWN_SECONDS: '0' },
    hasSecret: false,
  });
  onTestFinished(close);
  const ask = () => askForToken({ headers: { origin: 'http://localhost:3010' } });

  expect((await ask()).status).toBe(503);
  await expect.poll(log, patience).toContain('ResourceNotFoundException');
  // A person reads it here, so it has no metrics.
  await expect.poll(log, patience).toContain('"requests":1');
  expect(log()).not.toContain('_aws');

  for (const fault of ['ThrottlingException', 'hang', 'drop'] as const) {
    secretsManager.failWith(fault);
    const response = await ask();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(response.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('retry-after');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ code: 'credentials_unavailable' });
  }
  secretsManager.recover();

  putSecret({ LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: short, LIVEKIT_WS_URL: url });
  const response = await ask();
  expect(response.status).toBe(503);
  await expect.poll(log, patience).toContain('LIVEKIT_API_SECRET');
  expect(log() + (await response.text())).not.toContain(short);

  putSecret({ LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: strong, LIVEKIT_WS_URL: url });
  const answer = v.parse(answerSchema, await (await ask()).json());
  expect(answer.server_url).toBe(url);
  expect(await new TokenVerifier('APIkey', strong).verify(answer.token)).toMatchObject({ iss: 'APIkey' });
  const { reads } = secretsManager;
  expect((await ask()).status).toBe(200);
  expect(secretsManager.reads).toBe(reads);
});
