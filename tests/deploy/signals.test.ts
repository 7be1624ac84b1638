/**
 * A broken secret, as a team sees it: no reader is there, the check fails, its alarm is raised and notifies its topic, and the
 * documentation's remedy helps. MiniStack runs no schedule and makes no metrics from log lines: the test and a stand-in do.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { anything } from '../../scripts/rehearsal/aws.ts';
import type { Stack } from '../../scripts/rehearsal/stack.ts';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import {
  addReader,
  askForToken,
  type Cloud,
  logWith,
  readLog,
  secret,
  secretName,
  setVariables,
  startCloud,
} from './support/cloud.ts';

const wake = 'arn:aws:sns:eu-central-1:000000000000:wake';

let bearer: string;
let liveKit: LiveKit;
let cloud: Cloud;
let stack: Stack;
let checkFunction: string;
let folder: string;

beforeAll(async () => {
  const binary = await findLiveKit(process.env);
  if (binary === undefined) throw new Error(howToGetLiveKit);
  const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = secret;
  liveKit = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret });
  folder = await mkdtemp(join(tmpdir(), 'booky-check-'));
  cloud = await startCloud({ ...secret, LIVEKIT_WS_URL: liveKit.url });
  const reader = await addReader(cloud);
  bearer = reader.bearer;
  stack = await cloud.deploy({
    stage: 'prod',
    parameters: {
      ...reader.parameters,
      'alarms-topic': wake,
      'notices-topic': 'arn:aws:sns:eu-central-1:000000000000:tomorrow',
    },
  });
  checkFunction = stack.functionName.replace(/token$/, 'check');
});

afterAll(async () => {
  await cloud?.close();
  await liveKit?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Whom an alarm that is on tells; `undefined` while it is not. */
async function told(alarm: string): Promise<string[] | undefined> {
  const { MetricAlarms: alarms } = await cloud.aws(
    ['cloudwatch', 'describe-alarms', '--state-value', 'ALARM'],
    v.object({
      MetricAlarms: v.array(v.object({ AlarmName: v.string(), AlarmActions: v.array(v.string()) })),
    }),
  );
  return alarms.find(({ AlarmName }) => AlarmName === `${stack.functionName}-${alarm}`)?.AlarmActions;
}

/** The check, as the schedule calls it. What it counts is put to the cloud. @returns its last line */
async function runCheck(): Promise<Record<string, unknown> | undefined> {
  const before = (await readLog(cloud.aws, { functionName: checkFunction })).lines.filter(isResult).length;
  const invoke = ['lambda', 'invoke', '--function-name', checkFunction, join(folder, 'answer.json')];
  await cloud.aws(invoke, anything);
  const log = await eventually(async () => {
    const log = await readLog(cloud.aws, { functionName: checkFunction });
    expect(log.lines.filter(isResult)).toHaveLength(before + 1);
    return log;
  });
  const data = log.text.split('\n').flatMap(metricsIn).slice(-2);
  expect(data.map(({ namespace, name }) => `${namespace} ${name}`).sort()).toEqual([
    `${checkFunction} check_failed`,
    `${checkFunction} check_passed`,
  ]);
  const put = data.map(({ name, value, unit, timestamp }) => ({
    MetricName: name,
    Value: value,
    Unit: unit,
    Timestamp: new Date(timestamp).toISOString(),
  }));
  const ofCheck = ['--namespace', checkFunction, '--metric-data', JSON.stringify(put)];
  await cloud.aws(['cloudwatch', 'put-metric-data', ...ofCheck], anything);
  return log.lines.filter(isResult).at(-1);
}

const isResult = (line: Record<string, unknown>) => 'check_failed' in line;

const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 60_000, interval: 300 });

/** Credentials are read as often as may be, instead of every five minutes. */
const often = {
  CREDENTIALS_MAX_AGE_SECONDS: '1',
  CREDENTIALS_COOLDOWN_SECONDS: '0',
  // A read on a busy machine takes its time, which is not what this is about.
  CREDENTIALS_REFRESH_PATIENCE_MS: '2000',
};

let issued = 0;

/** How good the credentials are that a token is signed with, by the log: readers get one in any case. */
async function stateOfCredentials(): Promise<unknown> {
  const { status, body } = await askForToken(stack, { bearer, club: 1 });
  expect({ status, body }).toMatchObject({ status: 200 });
  issued += 1;
  const tokens = await eventually(async () => {
    const { lines } = await logWith(cloud.aws, stack, 'Token issued.');
    const ofTokens = lines.filter((line) => line['status'] === 200 && line['caller'] !== 'check');
    expect(ofTokens).toHaveLength(issued);
    return ofTokens;
  });
  return tokens.at(-1)?.['credentials_state'];
}

test('a broken secret with no reader there: the check fails, its alarm is raised, and the remedy ends it', async () => {
  expect(await runCheck()).toMatchObject({ message: 'Nothing is wrong.', check_passed: 1, check_failed: 0 });
  expect(await told('check-failed')).toBeUndefined();

  await cloud.putSecret({ ...secret, LIVEKIT_API_SECRET: 'short' });
  // A new environment: it has no good credentials from before.
  await setVariables(cloud.aws, stack, often);
  for (const _ of ['once', 'again']) {
    expect(await runCheck()).toMatchObject({ check_failed: 1, failed: ['credentials-previous'] });
  }
  expect(await told('check-failed')).toEqual([wake]);

  const versionOf = async (stage: string) => {
    const { Versions: versions } = await cloud.aws(
      ['secretsmanager', 'list-secret-version-ids', '--secret-id', secretName],
      v.object({
        Versions: v.array(v.object({ VersionId: v.string(), VersionStages: v.array(v.string()) })),
      }),
    );
    return versions.find(({ VersionStages }) => VersionStages.includes(stage))?.VersionId ?? '';
  };
  await cloud.aws(
    [
      'secretsmanager',
      'update-secret-version-stage',
      ...['--secret-id', secretName, '--version-stage', 'AWSCURRENT'],
      ...['--move-to-version-id', await versionOf('AWSPREVIOUS')],
      ...['--remove-from-version-id', await versionOf('AWSCURRENT')],
    ],
    anything,
  );
  await eventually(async () => expect(await stateOfCredentials()).toBe('fresh'));
  expect(await runCheck()).toMatchObject({ check_passed: 1 });
});

test('a deleted secret: readers notice nothing, and it can be had back', async () => {
  const ofSecret = ['--secret-id', secretName];
  await cloud.aws(['secretsmanager', 'delete-secret', ...ofSecret], anything);
  await eventually(async () => expect(await stateOfCredentials()).toBe('stale'));
  await logWith(cloud.aws, stack, 'InvalidRequestException');

  await cloud.aws(['secretsmanager', 'restore-secret', ...ofSecret], anything);
  await eventually(async () => expect(await stateOfCredentials()).toBe('fresh'));
});

test('the dashboard is there, with the names of what was deployed filled in', async () => {
  const { DashboardBody: body } = await cloud.aws(
    ['cloudwatch', 'get-dashboard', '--dashboard-name', `${stack.name}-${cloud.ministack.region}`],
    v.object({
      DashboardBody: v.pipe(v.string(), v.parseJson(), v.object({ widgets: v.array(v.looseObject({})) })),
    }),
  );
  expect(JSON.stringify(body)).not.toContain('${');
  expect(body.widgets).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        properties: expect.objectContaining({
          metrics: [[stack.functionName, 'requests', 'code', 'ok', expect.anything()]],
        }),
      }),
      expect.objectContaining({
        properties: expect.objectContaining({
          query: expect.stringContaining(
            `SOURCE '/aws/lambda/${stack.functionName}' | SOURCE '/aws/vendedlogs/http-api/${stack.name}'`,
          ),
        }),
      }),
    ]),
  );
});
