/**
 * The secret in trouble: what readers, the check and its alarm notice, and that the remedies of docs/alarms.md help, as they stand
 * there. MiniStack runs no schedule and makes no metrics from log lines: the test and a stand-in do.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import {
  askForToken,
  eventually,
  logWith,
  runCheck,
  secretName,
  setVariables,
  startCloud,
} from './support/cloud.ts';

const wake = 'arn:aws:sns:eu-central-1:000000000000:wake';
const cloud = await startCloud();
const { aws, secret } = cloud;
const bearer = await cloud.signIn('ana', ['1']);
const stack = await cloud.service.deploy({ ...cloud.parameters, 'alarms-topic': wake });

/** A block of commands of docs/alarms.md, by a word in it. */
async function runRemedy(word: string): Promise<void> {
  const page = await readFile(new URL('../../docs/alarms.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const block = blocks.find((text) => text.includes(word)) ?? expect.fail(`docs/alarms.md has no ${word}`);
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', block], { env: { ...cloud.environment } });
}

/** Whom an alarm that is on tells; `undefined` while it is not. */
async function told(alarm: string): Promise<string[] | undefined> {
  const { MetricAlarms: alarms } = v.parse(
    v.object({
      MetricAlarms: v.array(v.object({ AlarmName: v.string(), AlarmActions: v.array(v.string()) })),
    }),
    await aws('cloudwatch describe-alarms', { 'state-value': 'ALARM' }),
  );
  return alarms.find(({ AlarmName }) => AlarmName === `${stack.functionName}-${alarm}`)?.AlarmActions;
}

/** The check, as the schedule calls it. What it counts is put to the cloud. @returns its last line */
async function check(): Promise<Record<string, unknown> | undefined> {
  const { result, text } = await runCheck(cloud, stack);
  const namespace = stack.functionName.replace(/token$/, 'check');
  const data = text.split('\n').flatMap(metricsIn).slice(-2);
  expect(data.map((metric) => `${metric.namespace} ${metric.name}`).sort()).toEqual([
    `${namespace} check_failed`,
    `${namespace} check_passed`,
  ]);
  const put = data.map(({ name, value, unit, timestamp }) => ({
    MetricName: name,
    Value: value,
    Unit: unit,
    Timestamp: new Date(timestamp).toISOString(),
  }));
  await aws('cloudwatch put-metric-data', { namespace, 'metric-data': JSON.stringify(put) });
  return result;
}

/** Credentials are read as often as may be, instead of every five minutes. */
const often = {
  CREDENTIALS_MAX_AGE_SECONDS: '1',
  CREDENTIALS_COOLDOWN_SECONDS: '0',
  // A read on a busy machine takes its time, which is not what this is about.
  CREDENTIALS_REFRESH_PATIENCE_MS: '2000',
};
await setVariables(cloud, stack, often);

/** Asks for a token, and finds in the log how good the credentials were that it is signed with: readers get one in any case. */
async function stateOfCredentials(): Promise<unknown> {
  const { status, body } = await askForToken(stack, { bearer, club: 1 });
  expect({ status, body }).toMatchObject({ status: 200 });
  const { lines } = await logWith(cloud, stack, 'Token issued.');
  return lines.filter((line) => line['status'] === 200 && line['caller'] !== 'check').at(-1)?.[
    'credentials_state'
  ];
}
const untilFresh = () => eventually(async () => expect(await stateOfCredentials()).toBe('fresh'));

/** A request that the function can't serve, for want of a permission: the caller learns nothing of it, and the log has why. */
async function expectUnavailable(): Promise<void> {
  const { status, body, headers } = await askForToken(stack, { bearer, club: 1 });
  expect({ status, body }).toStrictEqual({
    status: 503,
    body: {
      error: 'Meetings are briefly unavailable, please try again.',
      code: 'credentials_unavailable',
      request_id: expect.any(String),
    },
  });
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
  const { text } = await logWith(cloud, stack, 'AccessDeniedException');
  expect(text).not.toContain(secret.LIVEKIT_API_SECRET);
}

test('a broken secret with no reader there: the check fails, its alarm is raised, and the remedy ends it', async () => {
  expect(await check()).toMatchObject({ message: 'Nothing is wrong.', check_passed: 1, check_failed: 0 });
  expect(await told('check-failed')).toBeUndefined();

  await cloud.putSecret({ LIVEKIT_API_KEY: 'alone' });
  // A new environment: it has no good credentials from before.
  await setVariables(cloud, stack, { CREDENTIALS_TIMEOUT_MS: '2001' });
  for (const _ of ['once', 'again']) {
    expect(await check()).toMatchObject({ check_failed: 1, failed: ['credentials-previous'] });
  }
  expect(await told('check-failed')).toEqual([wake]);

  await runRemedy('update-secret-version-stage');
  await untilFresh();
  expect(await check()).toMatchObject({ check_passed: 1 });
});

test('a deleted secret: readers notice nothing, and it can be had back', async () => {
  const ofSecret = { 'secret-id': secretName };
  await untilFresh();
  await aws('secretsmanager delete-secret', ofSecret);
  await eventually(async () => expect(await stateOfCredentials()).toBe('stale'));
  await logWith(cloud, stack, 'InvalidRequestException');

  await aws('secretsmanager restore-secret', ofSecret);
  await untilFresh();
});

test('a second secret is refused, though its name begins with the name of the first, which is read', async () => {
  const second = `${secretName}-of-others`;
  await aws('secretsmanager create-secret', { name: second, 'secret-string': secret });
  await setVariables(cloud, stack, { LIVEKIT_SECRET_ID: second });
  await expectUnavailable();
  await setVariables(cloud, stack, { LIVEKIT_SECRET_ID: secretName });
  await untilFresh();
});

test('without its permission a new environment answers 503, and the remedy gives the permission back', async () => {
  const role = await aws('lambda get-function-configuration', {
    'function-name': stack.functionName,
    query: 'Role',
  });
  const ofRole = { 'role-name': v.parse(v.string(), role).replace(/^.*\//, '') };
  const policies = () => aws('iam list-role-policies', { ...ofRole, query: 'PolicyNames' });
  expect(await policies()).toEqual(['token-function']);
  await aws('iam delete-role-policy', { ...ofRole, 'policy-name': 'token-function' });
  await setVariables(cloud, stack, { CREDENTIALS_TIMEOUT_MS: '2000' });
  await expectUnavailable();

  await runRemedy('put-role-policy');
  await eventually(async () =>
    expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 }),
  );
  // AWS removes no role that has a policy which the stack does not know.
  expect(await policies()).toEqual(['token-function']);
});
