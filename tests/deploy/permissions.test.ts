/** Least privilege, shown: what the function's role as deployed can do, and what happens without it. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anything } from '../../scripts/rehearsal/aws.ts';
import type { Stack } from '../../scripts/rehearsal/stack.ts';
import {
  addReader,
  askForToken,
  type Cloud,
  logWith,
  secret,
  secretName,
  setVariables,
  startCloud,
} from './support/cloud.ts';

let parameters: Record<string, string>;
let bearer: string;
let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud();
  ({ bearer, parameters } = await addReader(cloud));
});

afterAll(async () => {
  await cloud?.close();
});

const deploy = (stage: string) => cloud.deploy({ stage, parameters });

/** The answer to a request that the function could not serve, for want of credentials: it gives nothing away. */
async function expectUnavailable(stack: Stack): Promise<void> {
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
  const { text } = await logWith(cloud.aws, stack, 'AccessDeniedException');
  expect(text).not.toContain(secret.LIVEKIT_API_SECRET);
}

test('the role has one policy, for one log group and one secret', async () => {
  const stack = await deploy('exact');
  const ofRole = ['--role-name', await roleOf(stack)];
  const { PolicyNames: names } = await cloud.aws(
    ['iam', 'list-role-policies', ...ofRole],
    v.object({ PolicyNames: v.array(v.string()) }),
  );
  expect(names).toStrictEqual(['token-function']);
  const { AttachedPolicies: attached } = await cloud.aws(
    ['iam', 'list-attached-role-policies', ...ofRole],
    v.object({ AttachedPolicies: v.array(v.unknown()) }),
  );
  expect(attached).toStrictEqual([]);
  const { PolicyDocument: policy } = await cloud.aws(
    ['iam', 'get-role-policy', ...ofRole, '--policy-name', 'token-function'],
    v.object({ PolicyDocument: v.unknown() }),
  );
  const here = `${cloud.ministack.region}:000000000000`;
  expect(policy).toStrictEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: `arn:aws:logs:${here}:log-group:/aws/lambda/${stack.functionName}:*`,
      },
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: `arn:aws:secretsmanager:${here}:secret:${secretName}-??????`,
      },
    ],
  });
});

test('it reads its own secret, and a second one is refused', async () => {
  const stack = await deploy('second');
  expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 });

  // The name of the first is how the name of the second begins.
  const second = `${secretName}-of-others`;
  await cloud.aws(
    ['secretsmanager', 'create-secret', '--name', second, '--secret-string', JSON.stringify(secret)],
    anything,
  );
  await setVariables(cloud.aws, stack, { LIVEKIT_SECRET_ID: second });
  await expectUnavailable(stack);
});

test('without the permission it answers 503, tells the caller nothing, and the log why', async () => {
  const stack = await deploy('taken');
  expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 });

  await cloud.aws(
    ['iam', 'delete-role-policy', '--role-name', await roleOf(stack), '--policy-name', 'token-function'],
    anything,
  );
  // A new environment, which holds no credentials from before.
  await setVariables(cloud.aws, stack, { TOKEN_TTL_SECONDS: '601' });
  await expectUnavailable(stack);
});

async function roleOf({ functionName }: Stack): Promise<string> {
  const { Role: arn } = await cloud.aws(
    ['lambda', 'get-function-configuration', '--function-name', functionName],
    v.object({ Role: v.string() }),
  );
  return arn.replace(/^.*\//, '');
}
