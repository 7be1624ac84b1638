import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { type Laptop, type LaptopOptions, startLaptop } from '../support/laptop.ts';

let laptop: Laptop | undefined;

async function start(options: LaptopOptions): Promise<Laptop> {
  laptop = await startLaptop(options);
  return laptop;
}
afterEach(() => laptop?.close());

/** A line of the log may come after the answer. */
const patience = { timeout: 10_000 };

const environment = { CREDENTIALS_COOLDOWN_SECONDS: '0' };

describe('without usable credentials', () => {
  it('answers 503 and when to come back; and a token as soon as Secrets Manager recovers', async () => {
    const { secretsManager, askForToken } = await start({ environment });
    for (const fault of ['ThrottlingException', 'InternalServiceError', 'hang', 'drop'] as const) {
      secretsManager.failWith(fault);
      const response = await askForToken({ headers: { origin: 'http://localhost:3010' } });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(response.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('retry-after');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toEqual({
        error: expect.stringMatching(/./),
        code: 'credentials_unavailable',
        request_id: expect.stringMatching(/./),
      });
    }
    secretsManager.recover();
    expect((await askForToken()).status).toBe(200);
    const { reads } = secretsManager;
    expect((await askForToken()).status).toBe(200);
    expect(secretsManager.reads).toBe(reads);
  });

  it('answers 503 while there is no secret, or only one that is unsafe; logs why, and never the value', async () => {
    const { putSecret, askForToken, log } = await start({ environment, hasSecret: false });
    expect((await askForToken()).status).toBe(503);
    await expect.poll(log, patience).toContain('ResourceNotFoundException');
    // A person reads it here, so it has no metrics.
    await expect.poll(log, patience).toContain('"requests":1');
    expect(log()).not.toContain('_aws');

    const url = 'wss://booky.livekit.cloud';
    const short = 'only-thirty-one-characters-long';
    putSecret({ LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: short, LIVEKIT_WS_URL: url });
    const response = await askForToken();
    expect(response.status).toBe(503);
    await expect.poll(log, patience).toContain('LIVEKIT_API_SECRET');
    expect(log() + (await response.text())).not.toContain(short);

    const strong = 'thirty-two-characters-or-more-it-is';
    putSecret({ LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: strong, LIVEKIT_WS_URL: url });
    const answer = v.parse(
      v.object({ token: v.string(), server_url: v.string() }),
      await (await askForToken()).json(),
    );
    expect(answer.server_url).toBe(url);
    expect(await new TokenVerifier('APIkey', strong).verify(answer.token)).toMatchObject({ iss: 'APIkey' });
  });
});

it('answers 500 to every request of a function that is misconfigured, and says in its log which variable it is', async () => {
  const { askForToken, log } = await start({ environment: { CREDENTIALS_TIMEOUT_MS: '5' } });
  for (const _ of [1, 2]) {
    const response = await askForToken();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: 'Failed to generate token',
      code: 'token_generation_failed',
      request_id: expect.stringMatching(/./),
    });
  }
  await expect.poll(log, patience).toContain('CREDENTIALS_TIMEOUT_MS');
});
