/** No reader meets a bad version: readers join all the time while good and bad versions are deployed with plain `serverless deploy`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { copyService, type ServiceCopy } from '../../deploy/service-copy.ts';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';

import { anything } from '../../scripts/rehearsal/aws.ts';
import { describeStack, type Stack } from '../../scripts/rehearsal/stack.ts';
import { createUserPool, type UserPool } from '../../scripts/rehearsal/user-pool.ts';
import { judgeAnswer } from '../../token-check/judge-answer.ts';
import { type Cloud, readLog, secret, setVariables, startCloud } from './support/cloud.ts';

const stage = 'prod';

let liveKit: LiveKit;
let cloud: Cloud;
let service: ServiceCopy;
let pool: UserPool;
let member: string;
let stranger: string;
let stack: Stack;

beforeAll(async () => {
  const binary = await findLiveKit(process.env);
  if (binary === undefined) throw new Error(howToGetLiveKit);
  liveKit = await startLiveKit({
    binary,
    port: await freePort(),
    apiKey: secret.LIVEKIT_API_KEY,
    apiSecret: secret.LIVEKIT_API_SECRET,
  });
  cloud = await startCloud({ ...secret, LIVEKIT_WS_URL: liveKit.url });
  service = await copyService();
  pool = await createUserPool(cloud.aws, cloud.ministack.region);
  const bearerOf = async (name: string, clubs: string[]) =>
    (await (await pool.addReader(name, { name, clubs })).signIn()).access;
  member = await bearerOf('ana', ['42']);
  stranger = await bearerOf('bruno', ['7']);
});

afterAll(async () => {
  await service?.remove();
  await cloud?.close();
  await liveKit?.close();
});

/** The CLI's own command, with nobody watching. */
function serverless(command: 'deploy' | 'remove', parameters: Readonly<Record<string, string>> = {}) {
  const given = Object.entries({
    issuer: pool.issuer,
    audience: pool.audience,
    origins: 'https://booky.example',
    'clubs-claim': 'cognito:groups',
    'listeners-claim': 'guests',
    'moderated-clubs-claim': 'hosts',
    'check-minutes': '0',
    ...parameters,
  }).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  return service.serverless([command, '--stage', stage, ...given], {
    ...cloud.ministack.environment,
    SLS_AWS_MONITORING_FREQUENCY: '200',
  });
}

/** Changes a file of the service for one deployment. */
async function withEdit<T>(
  file: string,
  find: string,
  replace: string,
  deploy: () => Promise<T>,
): Promise<T> {
  const path = join(service.directory, file);
  const text = await readFile(path, 'utf8');
  if (!text.includes(find)) throw new Error(`${file} has no ${find}`);
  await writeFile(path, text.replaceAll(find, replace));
  try {
    return await deploy();
  } finally {
    await writeFile(path, text);
  }
}

/** Readers who join all the time, until the result is called: what any of them got that was wrong. */
function startJoining(): () => Promise<{ joins: number; wrong: string[] }> {
  let isOver = false;
  let joins = 0;
  const wrong: string[] = [];
  const joinAsMember = async () => {
    const { status, text, headers } = await answerTo(member);
    const { checks } =
      status === 200
        ? await judgeAnswer({ status, headers, text }, { club: '42', role: 'member' })
        : { checks: [] };
    const faults = checks
      .filter(({ mark }) => mark === 'bad')
      .map(({ subject, value }) => `${subject} ${value}`);
    if (status !== 200 || faults.length > 0) wrong.push(`${status} ${faults.join()}`);
  };
  const joinAsStranger = async () => {
    const { status } = await answerTo(stranger);
    if (status !== 403) wrong.push(`a stranger: ${status}`);
  };
  const reader = async (join: () => Promise<void>) => {
    while (!isOver) {
      await join().catch((error: unknown) => wrong.push(String(error)));
      joins += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const readers = [reader(joinAsMember), reader(joinAsMember), reader(joinAsStranger)];
  return async () => {
    isOver = true;
    await Promise.all(readers);
    return { joins, wrong };
  };
}

async function answerTo(bearer: string) {
  const response = await fetch(stack.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ reading_club_id: 42 }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The version that `live` has, and all that there are. */
async function versions(): Promise<{ live: string; published: string[] }> {
  const ofFunction = ['--function-name', stack.functionName];
  const live = await cloud.aws(
    ['lambda', 'get-alias', ...ofFunction, '--name', 'live', '--query', 'FunctionVersion'],
    v.string(),
  );
  const all = await cloud.aws(
    ['lambda', 'list-versions-by-function', ...ofFunction, '--query', 'Versions[].Version'],
    v.array(v.string()),
  );
  return { live, published: all.filter((version) => version !== '$LATEST') };
}

test('the first version is checked too, and says what is wrong around it', async () => {
  const { exitCode, output } = await withEdit('lib/token.ts', ...withoutGrants, () => serverless('deploy'));
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The new version gave a member a wrong answer: video is missing'),
  });
  await cloud.putSecret({
    ...secret,
    LIVEKIT_API_SECRET: 'another-secret-0123456789-0123456789-0123',
    LIVEKIT_WS_URL: liveKit.url,
  });
  expect(await serverless('deploy')).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('The new version serves, though it signs tokens that LiveKit'),
  });
  await cloud.putSecret({ ...secret, LIVEKIT_WS_URL: liveKit.url });
  stack = await describeStack(cloud.ministack, cloud.aws, stage);
  // An environment that reads the secret again.
  expect(await serverless('deploy', { 'token-ttl-seconds': '601' })).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('Nothing is wrong.'),
  });
});

const withoutGrants = ['token.addGrant({ room, ...grant });', ''] as const;

const bad: [string, string, string, string, string][] = [
  ['without grants', 'lib/token.ts', ...withoutGrants, 'gave a member a wrong answer: video is missing'],
  [
    'that lets everybody in',
    'lib/club-access.ts',
    "throw new Problem('not_a_member', 'You are not a member of this reading club.');",
    "return 'member';",
    'let in a reader who is in no club',
  ],
  [
    'that crashes at its start',
    'handlers/token.ts',
    'await start(),',
    "await Promise.reject(new Error('broken')),",
    'crashed at the request of a member',
  ],
  [
    'that hangs at its second request',
    'lib/http.ts',
    'const startedAt = now();',
    'const startedAt = now(); if (!isColdStart) await new Promise((resolve) => setTimeout(resolve, 60_000));',
    'did not answer a member of several clubs in time',
  ],
  [
    'that fails',
    'lib/token-endpoint.ts',
    'const room = roomOf(club);',
    "const room = roomOf(club); throw new Error('broken');",
    '500 token_generation_failed',
  ],
  [
    'that gives a reader the token of the one before',
    'lib/http.ts',
    'const answer = await endpoint(requestIn(event), findings);',
    'const answer = (globalThis.first ??= await endpoint(requestIn(event), findings));',
    'gave a member of several clubs a wrong answer: room_name is reading-club-check-of-the-deployment',
  ],
  [
    'whose listeners speak',
    'lib/grants.ts',
    'canPublish: false',
    'canPublish: true',
    'gave a listener a wrong answer: video',
  ],
  [
    'that reads a secret which is not there',
    'deploy/parameters.cjs',
    "byDefault: 'booky/livekit'",
    "byDefault: 'booky/typo'",
    'has no usable LiveKit credentials',
  ],
];

test('bad versions are refused with a sentence, good ones taken, and no reader notices', async () => {
  const before = await versions();
  const stopJoining = startJoining();
  const refused: Record<string, string> = {};
  for (const [what, file, find, replace, sentence] of bad) {
    const { exitCode, output } = await withEdit(file, find, replace, () => serverless('deploy'));
    refused[what] = exitCode !== 0 && output.includes(sentence) ? 'refused' : `${exitCode} ${output}`;
    expect.soft(await versions(), what).toEqual(before);
  }
  expect.soft(refused).toEqual(Object.fromEntries(bad.map(([what]) => [what, 'refused'])));

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
  const good = { ...secret, LIVEKIT_WS_URL: liveKit.url };
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
  await setVariables(cloud.aws, stack, { CREDENTIALS_MAX_AGE_SECONDS: '1' });
  expect(await resultOfSchedule()).toMatchObject({
    check_failed: 1,
    check_passed: 0,
    failed: ['credentials-unreadable'],
  });
  expect(await serverless('deploy', { 'token-ttl-seconds': '604' })).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('serves, though it has no usable LiveKit credentials'),
  });

  await cloud.putSecret(good);
  await vi.waitFor(
    async () => expect(await resultOfSchedule()).toMatchObject({ check_failed: 0, check_passed: 1 }),
    { timeout: 30_000, interval: 1_000 },
  );
});

/** The line that the check writes when the schedule's rule invokes it. */
async function resultOfSchedule(): Promise<Record<string, unknown>> {
  const functionName = stack.functionName.replace(/token$/, 'check');
  const before = await readLog(cloud.aws, { functionName });
  const output = join(service.directory, 'check-output');
  await cloud.aws(['lambda', 'invoke', '--function-name', functionName, output], anything);
  const read = async () => {
    const { lines } = await readLog(cloud.aws, { functionName });
    const line = lines.slice(before.lines.length).find((each) => 'check_failed' in each);
    if (line === undefined) throw new Error('no line yet');
    return line;
  };
  return vi.waitFor(read, { timeout: 30_000, interval: 200 });
}

test('a check that is broken itself lets no version through, and does not keep the stack from being removed', async () => {
  const { live } = await versions();
  const broken = (ttl: string) =>
    withEdit('handlers/check.ts', 'const client = new', "throw new Error('broken'); const client = new", () =>
      serverless('deploy', { 'token-ttl-seconds': ttl }),
    );
  const refused = await withEdit(
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
  expect(
    await cloud.aws(['lambda', 'list-functions', '--query', 'Functions[].FunctionName'], v.array(v.string())),
  ).toEqual([]);
  await expect(describeStack(cloud.ministack, cloud.aws, stage)).rejects.toThrow('does not exist');
});
