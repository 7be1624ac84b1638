/** The packaged function behind AWS's own runtime client, under its own Node: what the repository's runtime only imitates. */
import { expect, inject, onTestFinished, test } from 'vitest';
import { tools } from '../../scripts/rehearsal/tools.ts';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import { findAwsRuntime } from '../../stand-ins/lambda/aws-runtime.ts';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import { startFunction } from '../../stand-ins/lambda/runtime-api.ts';
import { freezeFor, respond, secretName, startStore } from '../package/support/environment.ts';

const runtime = findAwsRuntime();

async function start(environment: Readonly<Record<string, string>>) {
  const lambda = await startFunction({
    directory: inject('packaged').directory,
    env: { LIVEKIT_SECRET_ID: secretName, AWS_LAMBDA_LOG_FORMAT: 'JSON', ...environment },
    nodePath: tools.node,
    runtime,
  });
  onTestFinished(lambda.stop);
  return lambda;
}

test('one request after the other is answered, with one read of the secret', async () => {
  const store = await startStore();
  const lambda = await start(store.environment);
  for (let request = 0; request < 3; request += 1) {
    expect(await respond(lambda, tokenEvent())).toMatchObject({
      statusCode: 200,
      body: { room_name: 'reading-club-123' },
    });
  }
  expect(store.reads).toBe(1);
});

test('a faulty configuration does not fail the init, and is named', async () => {
  const store = await startStore();
  const lambda = await start({ ...store.environment, TOKEN_TTL_SECONDS: 'soon' });
  await lambda.initialised;
  expect(await respond(lambda, tokenEvent())).toMatchObject({
    statusCode: 500,
    body: { code: 'token_generation_failed' },
  });
  await lambda.stop();
  expect(lambda.output).toContain('TOKEN_TTL_SECONDS is \\"soon\\"');
});

test('a line of the log is JSON as the function wrote it: the client wraps what goes through the console, and nothing else', async () => {
  const store = await startStore();
  const lambda = await start(store.environment);
  await respond(lambda, tokenEvent());
  await expect.poll(() => lambda.output).toContain('Token issued.');
  const lines: { message: unknown }[] = lambda.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringContaining('CLUBS_CLAIM is not set'),
    'Token issued.',
  ]);
});

test.each(['INFO', 'ERROR'])(
  'the metrics of a request leave the client as CloudWatch wants them, at log level %s',
  async (LOG_LEVEL) => {
    const store = await startStore();
    const lambda = await start({ ...store.environment, AWS_LAMBDA_LOG_LEVEL: 'DEBUG', LOG_LEVEL });
    await respond(lambda, tokenEvent());
    await lambda.stop();
    const metrics = lambda.output.trim().split('\n').flatMap(metricsIn);
    expect(metrics.map(({ name, value, dimensions }) => [name, value, dimensions])).toEqual([
      ['requests', 1, { code: 'ok' }],
      ['duration_ms', expect.any(Number), {}],
      ['cold_start', 1, {}],
      ['stale_credentials', 0, {}],
      ['previous_credentials', 0, {}],
    ]);
  },
);

test('a freeze between two requests is survived', async () => {
  const store = await startStore();
  const lambda = await start({ ...store.environment, CREDENTIALS_MAX_AGE_SECONDS: '1' });
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  await freezeFor(lambda, 1_100);
  expect(await respond(lambda, tokenEvent())).toMatchObject({ statusCode: 200 });
  expect(store.reads).toBe(2);
});

test('on Managed Instances each of the client’s workers reads the secret once, and mixes up nothing', async () => {
  const store = await startStore();
  const lambda = await start({
    ...store.environment,
    AWS_LAMBDA_MAX_CONCURRENCY: '10',
    AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
  });
  const readers = Array.from({ length: 10 }, (_, index) => `user-${index}`);
  const responses = await Promise.all(
    readers.map((sub) => respond(lambda, tokenEvent({ claims: { sub, name: sub } }))),
  );
  expect(responses.map(({ body }) => body['participant_name'])).toEqual(readers);
  await expect.poll(() => store.reads).toBe(2);
});
