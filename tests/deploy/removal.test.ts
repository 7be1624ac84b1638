/** What `serverless remove` leaves: nothing but the secret, the team's own as well as one that came with the stack. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { anything } from '../../scripts/rehearsal/aws.ts';
import { removeStack } from '../../scripts/rehearsal/stack.ts';
import { addReader, askForToken, type Cloud, secret, secretName, startCloud } from './support/cloud.ts';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud();
});

afterAll(() => cloud?.close());

/** Everything that a stack of ours consists of, by the command that lists it. */
const kinds = {
  stacks: [
    'cloudformation',
    'list-stacks',
    '--query',
    "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName",
  ],
  functions: ['lambda', 'list-functions', '--query', 'Functions[].FunctionName'],
  apis: ['apigatewayv2', 'get-apis', '--query', 'Items[].Name'],
  roles: ['iam', 'list-roles', '--query', "Roles[?contains(RoleName, 'booky')].RoleName"],
  logGroups: ['logs', 'describe-log-groups', '--query', 'logGroups[].logGroupName'],
  metricFilters: ['logs', 'describe-metric-filters', '--query', 'metricFilters[].filterName'],
  alarms: ['cloudwatch', 'describe-alarms', '--query', 'MetricAlarms[].AlarmName'],
  rules: ['events', 'list-rules', '--query', 'Rules[].Name'],
  dashboards: ['cloudwatch', 'list-dashboards', '--query', 'DashboardEntries[].DashboardName'],
  buckets: ['s3api', 'list-buckets', '--query', 'Buckets[].Name'],
  secrets: ['secretsmanager', 'list-secrets', '--query', 'SecretList[].Name'],
};

async function inventory(): Promise<Record<string, string[]>> {
  const names = v.nullish(v.array(v.string()), []);
  const entries = await Promise.all(
    Object.entries(kinds).map(async ([kind, args]) => [kind, await cloud.aws(args, names)] as const),
  );
  return Object.fromEntries(entries);
}

test('removal leaves the secrets, and nothing else', async () => {
  const created = 'booky/created';
  const { bearer, parameters } = await addReader(cloud);
  const deployment = {
    stage: 'passing',
    parameters: { ...parameters, secret: created, 'create-secret': 'true' },
  };
  const before = await inventory();
  expect(before).toMatchObject({
    stacks: [],
    functions: [],
    apis: [],
    roles: [],
    buckets: [],
    secrets: [secretName],
  });

  const stack = await cloud.deploy(deployment);
  const deployed = await inventory();
  // Or else the end would be no different from the beginning.
  for (const [kind, names] of Object.entries(deployed)) expect(names, kind).not.toHaveLength(0);

  // The secret has come with the stack, empty: until it is filled there are no tokens.
  expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 503 });
  await cloud.aws(
    ['secretsmanager', 'put-secret-value', '--secret-id', created, '--secret-string', JSON.stringify(secret)],
    anything,
  );
  await vi.waitFor(
    async () => expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 }),
    { timeout: 30_000, interval: 500 },
  );

  await removeStack(cloud.ministack, deployment);
  expect(await inventory()).toStrictEqual({
    ...before,
    secrets: expect.arrayContaining([secretName, created]),
  });
});
