/** No reader meets a bad version: readers join all the time while good and bad versions are deployed with plain `serverless deploy`. */
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { describeStack } from '../../scripts/rehearsal/service.ts';
import { judgeAnswer } from '../../token-check/judge-answer.ts';
import {
  askForToken,
  eventually,
  runCheck,
  setVariables,
  stage,
  startCloud,
  withEdit,
} from './support/cloud.ts';

const cloud = await startCloud();
const { aws, secret, service } = cloud;
const member = await cloud.signIn('ana', ['42']);
const stranger = await cloud.signIn('bruno', ['7']);

/** The CLI's own command, with nobody watching. */
const serverless = (command: 'deploy' | 'remove', changed: Readonly<Record<string, string>> = {}) =>
  service.serverless([command], {
    ...cloud.parameters,
    'listeners-claim': 'guests',
    'moderated-clubs-claim': 'hosts',
    ...changed,
  });

const deployed = () => describeStack(cloud, stage);

/** Readers who join all the time, until the result is called: what any of them got that was wrong. */
function startJoining(url: string): () => Promise<{ joins: number; wrong: string[] }> {
  let isOver = false;
  let joins = 0;
  const wrong: string[] = [];
  const joinAsMember = async () => {
    const { status, body, headers } = await askForToken({ url }, { bearer: member, club: 42 });
    const answer = { status, headers, text: JSON.stringify(body) };
    const { checks } =
      status === 200 ? await judgeAnswer(answer, { club: '42', role: 'member' }) : { checks: [] };
    const faults = checks
      .filter(({ mark }) => mark === 'bad')
      .map(({ subject, value }) => `${subject} ${value}`);
    if (status !== 200 || faults.length > 0) wrong.push(`${status} ${faults.join()}`);
  };
  const joinAsStranger = async () => {
    const { status } = await askForToken({ url }, { bearer: stranger, club: 42 });
    if (status !== 403) wrong.push(`a stranger: ${status}`);
  };
  const reader = async (join: () => Promise<void>) => {
    while (!isOver) {
      await join().catch((error: unknown) => wrong.push(String(error)));
      joins += 1;
      await delay(100);
    }
  };
  const readers = [reader(joinAsMember), reader(joinAsMember), reader(joinAsStranger)];
  return async () => {
    isOver = true;
    await Promise.all(readers);
    return { joins, wrong };
  };
}

/** The version that `live` has, and all that there are. */
async function versions(): Promise<{ live: unknown; published: string[] }> {
  const ofFunction = { 'function-name': (await deployed()).functionName };
  const live = await aws('lambda get-alias', { ...ofFunction, name: 'live', query: 'FunctionVersion' });
  const all = await aws('lambda list-versions-by-function', { ...ofFunction, query: 'Versions[].Version' });
  return { live, published: v.parse(v.array(v.string()), all).filter((version) => version !== '$LATEST') };
}

const withoutGrants = ['    video: { room, ...grant },', ''] as const;

test('the first version is checked too, and says what is wrong around it', async () => {
  const { exitCode, output } = await withEdit(service, 'lib/token.ts', ...withoutGrants, () =>
    serverless('deploy'),
  );
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The new version gave a member a wrong answer: video is missing'),
  });
  await cloud.putSecret({ ...secret, LIVEKIT_API_SECRET: 'another-secret-0123456789-0123456789-0123' });
  expect(await serverless('deploy')).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('The new version serves, though it signs tokens that LiveKit'),
  });
  await cloud.putSecret(secret);
  // An environment that reads the secret again.
  expect(await serverless('deploy', { 'token-ttl-seconds': '601' })).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('Nothing is wrong.'),
  });
});

/** What only the real function can do; what a check makes of its answers is in tests/unit/token-check. */
const bad: [file: string, find: string, replace: string, sentence: string][] = [
  [
    'handlers/token.ts',
    'await start(),',
    "await Promise.reject(new Error('broken')),",
    'crashed at the request of a member',
  ],
  [
    'lib/http.ts',
    'const startedAt = now();',
    'const startedAt = now(); if (!isColdStart) await new Promise((resolve) => setTimeout(resolve, 60_000));',
    'did not answer a member of several clubs in time',
  ],
];

test('bad versions are refused with a sentence, good ones taken, and no reader notices', async () => {
  const before = await versions();
  const stopJoining = startJoining((await deployed()).url);
  onTestFinished(() => void stopJoining());
  for (const [file, find, replace, sentence] of bad) {
    const { exitCode, output } = await withEdit(service, file, find, replace, () => serverless('deploy'));
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining(sentence) });
    expect(await versions()).toEqual(before);
  }

  // The commit that failed, mended; then the version before.
  for (const ttl of ['602', '601']) {
    expect(await serverless('deploy', { 'token-ttl-seconds': ttl })).toMatchObject({ exitCode: 0 });
    const { live, published } = await versions();
    expect(live).not.toBe(before.live);
    expect(published).toEqual([live]);
  }
  const { joins, wrong } = await stopJoining();
  expect(joins).toBeGreaterThan(100);
  expect([...new Set(wrong)]).toEqual([]);
});

test('with a bad secret a version can still be deployed, and the schedule’s check says what is wrong', async () => {
  await cloud.putSecret({ LIVEKIT_API_KEY: 'alone' });
  expect(await serverless('deploy', { 'token-ttl-seconds': '603' })).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('signs with the previous version of the secret'),
  });

  // Now no version of the secret can be used. Readers live on what the version in place has read: the new one would be worse.
  await cloud.putSecret({ LIVEKIT_API_KEY: 'alone' });
  expect(await serverless('deploy', { 'token-ttl-seconds': '604' })).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The new version has no usable LiveKit credentials'),
  });
  await setVariables(cloud, await deployed(), { CREDENTIALS_MAX_AGE_SECONDS: '1' });
  expect((await runCheck(cloud, await deployed())).result).toMatchObject({
    check_failed: 1,
    check_passed: 0,
    failed: ['credentials-unreadable'],
  });
  expect(await serverless('deploy', { 'token-ttl-seconds': '604' })).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('serves, though it has no usable LiveKit credentials'),
  });

  await cloud.putSecret(secret);
  await eventually(async () =>
    expect((await runCheck(cloud, await deployed())).result).toMatchObject({
      check_failed: 0,
      check_passed: 1,
    }),
  );
});

test('a check that is broken itself lets no version through, and does not keep the stack from being removed', async () => {
  const { live } = await versions();
  const broken = (ttl: string) =>
    withEdit(
      service,
      'handlers/check.ts',
      'const client = new',
      "throw new Error('broken'); const client = new",
      () => serverless('deploy', { 'token-ttl-seconds': ttl }),
    );
  const refused = await withEdit(
    service,
    'deploy/versions.cjs',
    'const longestCheck = 120;',
    'const longestCheck = 5;',
    () => broken('605'),
  );
  expect(refused).toMatchObject({ exitCode: 1, output: expect.stringMatching(/VersionCheck.*timed out/s) });
  expect((await versions()).live).toBe(live);

  // Without a new version there is nothing to check: then the broken check is what is in place.
  expect(await broken('604')).toMatchObject({ exitCode: 0 });
  expect(await serverless('remove', { 'token-ttl-seconds': '604' })).toMatchObject({ exitCode: 0 });
  await expect(describeStack(cloud, stage)).rejects.toThrow('does not exist');
});
