/**
 * The hour in which cached credentials still work, as a team sees it: the secret can't be read or used, the alarm is raised and
 * notifies its topic, and the documentation's remedy helps. MiniStack makes no metrics from log lines: a stand-in does.
 */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { anything } from '../../scripts/rehearsal/aws.ts';
import type { Stack } from '../../scripts/rehearsal/stack.ts';
import { metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import { type Issuer, startIssuer } from '../../stand-ins/issuer.ts';
import {
  askForToken,
  type Cloud,
  logWith,
  secret,
  secretName,
  setVariables,
  startCloud,
} from './support/cloud.ts';

const wake = 'arn:aws:sns:eu-central-1:000000000000:wake';

let issuer: Issuer;
let bearer: string;
let cloud: Cloud;
let stack: Stack;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
  bearer = await issuer.issueToken({ sub: 'user-001' });
  cloud = await startCloud();
  stack = await cloud.deploy({
    stage: 'prod',
    parameters: {
      issuer: issuer.url,
      audience: 'booky',
      origins: 'https://booky.example',
      'open-clubs': 'true',
      'alarms-topic': wake,
      'notices-topic': 'arn:aws:sns:eu-central-1:000000000000:tomorrow',
    },
  });
});

afterAll(async () => {
  await cloud?.close();
  await issuer?.close();
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

/** The lines of the log as CloudWatch would count them: what they count, put to the cloud. */
async function countLog(text: string): Promise<void> {
  const { text: log } = await logWith(cloud.aws, stack, text);
  const data = log
    .split('\n')
    .flatMap(metricsIn)
    .filter(({ name }) => name.endsWith('_credentials'))
    .map(({ namespace, name, value, unit, timestamp }) => {
      expect(namespace).toBe(stack.functionName);
      return { MetricName: name, Value: value, Unit: unit, Timestamp: new Date(timestamp).toISOString() };
    });
  await cloud.aws(
    [
      'cloudwatch',
      'put-metric-data',
      '--namespace',
      stack.functionName,
      '--metric-data',
      JSON.stringify(data),
    ],
    anything,
  );
}

const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 60_000, interval: 300 });

let issued = 0;

/** How good the credentials are that a token is signed with, by the log: readers get one in any case. */
async function stateOfCredentials(): Promise<unknown> {
  const { status, body } = await askForToken(stack, { bearer, club: 1 });
  expect({ status, body }).toMatchObject({ status: 200 });
  issued += 1;
  const tokens = await eventually(async () => {
    const { lines } = await logWith(cloud.aws, stack, 'Token issued.');
    const ofTokens = lines.filter((line) => line['status'] === 200);
    expect(ofTokens).toHaveLength(issued);
    return ofTokens;
  });
  return tokens.at(-1)?.['credentials_state'];
}

test('a secret that can’t be used any more: readers notice nothing, and the alarm is raised early enough', async () => {
  await setVariables(cloud.aws, stack, {
    // As often as may be, instead of every five minutes.
    CREDENTIALS_MAX_AGE_SECONDS: '1',
    CREDENTIALS_COOLDOWN_SECONDS: '0',
    // A read on a busy machine takes its time, which is not what this is about.
    CREDENTIALS_REFRESH_PATIENCE_MS: '2000',
  });
  expect(await stateOfCredentials()).toBe('fresh');
  expect(await told('stale-credentials')).toBeUndefined();
  await cloud.putSecret({ ...secret, LIVEKIT_API_SECRET: 'short' });
  await eventually(async () => expect(await stateOfCredentials()).toBe('stale'));

  await countLog('"credentials_state":"stale"');
  expect(await told('stale-credentials')).toEqual([wake]);
});

test('a new environment signs with the version before, which raises an alarm; the remedy makes it the current one', async () => {
  await setVariables(cloud.aws, stack, { TOKEN_TTL_SECONDS: '601' });
  expect(await stateOfCredentials()).toBe('previous');

  await countLog('"credentials_state":"previous"');
  expect(await told('previous-credentials')).toEqual([wake]);

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
            `SOURCE '/aws/lambda/${stack.functionName}' | SOURCE '/aws/http-api/${stack.name}'`,
          ),
        }),
      }),
    ]),
  );
});
