import { expect, test } from 'vitest';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import {
  credentials,
  freezeFor,
  respond,
  secretName,
  startPackaged,
  startStore,
} from './support/environment.ts';
import { never, startRecordingStore, withSecret } from './support/recording-store.ts';

test.each([
  ['no secret is named', { LIVEKIT_SECRET_ID: '' }, 'LIVEKIT_SECRET_ID is not set'],
  ['a number is none', { TOKEN_TTL_SECONDS: 'soon' }, 'TOKEN_TTL_SECONDS is \\"soon\\"'],
  ['a budget is too small', { CREDENTIALS_TIMEOUT_MS: '99' }, 'CREDENTIALS_TIMEOUT_MS is \\"99\\"'],
])(
  'where %s, the init goes well, its log names the variable, and requests get a 500',
  async (_, env, fault) => {
    const store = await startStore();
    const lambda = await startPackaged({ ...store.environment, ...env });

    await lambda.initialised;
    for (let request = 0; request < 2; request += 1) {
      const { statusCode, body } = await respond(lambda, tokenEvent());
      expect({ statusCode, ...body }).toMatchObject({ statusCode: 500, error: 'Failed to generate token' });
    }
    await lambda.stop();

    expect(lambda.output).toContain(fault);
    expect(store.reads).toBe(0);
  },
);

test('where the function has no AWS credentials, the log says so and requests get a 503', async () => {
  const store = await startStore();
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER } = store.environment;
  const lambda = await startPackaged({ AWS_ENDPOINT_URL_SECRETS_MANAGER });

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 503 });
  await lambda.stop();
  expect(lambda.output).toContain('credentials');
});

test('a prefetch that failed costs the first request nothing', async () => {
  const store = await startStore();
  store.failWith('AccessDeniedException', 1);
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_COOLDOWN_SECONDS: '300' });
  await expect.poll(() => lambda.output).toContain('The credentials could not be fetched.');

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  expect(store.reads).toBe(2);
});

test('a prefetch whose connection broke in a freeze costs the first request nothing', async () => {
  const store = await startStore();
  store.latencyMs = 100;
  store.failWith('drop', 1);
  const lambda = await startPackaged({ ...store.environment, CREDENTIALS_COOLDOWN_SECONDS: '300' });
  await expect.poll(() => store.reads).toBe(1);

  await freezeFor(lambda, 3 * store.latencyMs);

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
});

test('a prefetch that hangs since before a freeze costs the first request nothing', async () => {
  const store = await startRecordingStore(never, withSecret);
  // A quarter of it has to suffice for the connection, also on a busy machine.
  const timeoutMs = 1_000;
  const lambda = await startPackaged({
    ...store.environment,
    AWS_MAX_ATTEMPTS: '1',
    CREDENTIALS_TIMEOUT_MS: String(timeoutMs),
    CREDENTIALS_COOLDOWN_SECONDS: '300',
  });
  await expect.poll(() => store.reads.length).toBe(1);

  await freezeFor(lambda, 2 * timeoutMs);

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
});

test('a broken current version is named, not shown, and the version before it serves', async () => {
  const store = await startStore();
  const { versionId: previous } = store.put(secretName, JSON.stringify(credentials));
  const { versionId: current } = store.put(secretName, 'not JSON at all');
  const lambda = await startPackaged(store.environment);

  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  expect(store.reads).toBe(2);
  await lambda.stop();
  const lines = lambda.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): unknown => JSON.parse(line));
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'WARN',
      current_version: current,
      previous_version: previous,
      causes: [expect.objectContaining({ message: expect.stringContaining('it is not JSON') })],
    }),
  );
  expect(lines).toContainEqual(
    expect.objectContaining({ credentials_state: 'previous', credentials_version: previous }),
  );
  expect(lambda.output).not.toContain('not JSON at all');
});
