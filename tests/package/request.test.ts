import { TokenVerifier } from 'livekit-server-sdk';
import { expect, test } from 'vitest';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import { memberGrants, tokenEvent } from '../../stand-ins/lambda/event.ts';
import { credentials, respond, startPackaged, startStore } from './support/environment.ts';

const { LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_WS_URL } = credentials;

test('a request gets a token that opens the club’s room', async () => {
  const store = await startStore();
  const lambda = await startPackaged(store.environment);

  const { statusCode, body } = await respond(lambda, tokenEvent());

  expect({ statusCode, ...body }).toMatchObject({ statusCode: 200, server_url: LIVEKIT_WS_URL });
  const verifier = new TokenVerifier(LIVEKIT_API_KEY, LIVEKIT_API_SECRET);
  expect(await verifier.verify(String(body['token']))).toMatchObject({
    sub: 'user-001',
    video: memberGrants,
  });
});

test('the secret is read once, while the init is under way, and kept between invocations', async () => {
  const store = await startStore();
  const lambda = await startPackaged(store.environment);
  await expect.poll(() => store.reads).toBe(1);

  for (let request = 0; request < 3; request += 1) {
    expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  }

  expect(store.reads).toBe(1);
});

test('many requests at once, as on Lambda Managed Instances, share one read and mix up nothing', async () => {
  const store = await startStore();
  store.latencyMs = 100;
  const lambda = await startPackaged({ ...store.environment, AWS_LAMBDA_MAX_CONCURRENCY: '10' });

  const readers = Array.from({ length: 10 }, (_, index) => `user-${index}`);
  const responses = await Promise.all(
    readers.map((sub) => respond(lambda, tokenEvent({ claims: { sub, name: sub } }))),
  );

  expect(responses.map(({ body }) => body['participant_name'])).toEqual(readers);
  expect(store.reads).toBe(1);
});

test('of a request that is not logged, its metrics are written all the same, and nothing else', async () => {
  const store = await startStore();
  const lambda = await startPackaged({ ...store.environment, LOG_LEVEL: 'ERROR' });
  await respond(lambda, tokenEvent());
  await lambda.stop();
  // What Node has to say of its age is no line of the function's.
  const [line = '', ...others] = lambda.output.split('\n').filter((text) => text.startsWith('{'));
  expect(others).toEqual([]);
  expect(metricsIn(line).map(({ name }) => name)).toContain('requests');
  expect(JSON.parse(line)).not.toHaveProperty('message');
});

test('nothing secret is in the log: no credential, no token, no reader', async () => {
  const store = await startStore();
  const lambda = await startPackaged(store.environment);
  const event = tokenEvent({ claims: { sub: 'reader-7f3a', name: 'Ana Example' } });
  const { body } = await respond(lambda, event);
  await respond(lambda, tokenEvent({ claims: { sub: 'reader-7f3a' }, body: '{"reading_club_id":0}' }));
  // Twice, or the version before, a good one, would serve.
  for (const LIVEKIT_API_SECRET of ['also-too-short', 'too-short-to-be-safe']) {
    store.put('booky/livekit', JSON.stringify({ ...credentials, LIVEKIT_API_SECRET }));
  }
  const faulty = await startPackaged(store.environment);
  expect(await respond(faulty, event)).toMatchObject({ statusCode: 503 });
  await Promise.all([lambda.stop(), faulty.stop()]);

  expect(lambda.output).toContain('Token issued.');
  expect(faulty.output).toContain('LIVEKIT_API_SECRET should have at least 32 characters');
  const signature = String(body['token']).split('.')[2];
  const secrets = [
    LIVEKIT_API_SECRET,
    'too-short-to-be-safe',
    store.environment.AWS_SECRET_ACCESS_KEY,
    store.environment.AWS_SESSION_TOKEN,
    signature,
    'a.reader.jwt',
    'reader-7f3a',
    'Ana Example',
  ];
  for (const secret of secrets) expect(lambda.output + faulty.output).not.toContain(secret);
});
