/** The pipeline's role (deploy/deployer.yml), and a job on GitHub that takes it on. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateKeyPair, SignJWT } from 'jose';
import * as v from 'valibot';
import { anything, awsCommand } from '../../../scripts/rehearsal/aws.ts';
import type { MiniStack } from '../../../scripts/rehearsal/ministack.ts';
import { tools } from '../../../scripts/rehearsal/tools.ts';

const template = fileURLToPath(new URL('../../../deploy/deployer.yml', import.meta.url));

const outputsSchema = v.array(v.object({ OutputKey: v.string(), OutputValue: v.string() }));

const sessionSchema = v.object({
  AccessKeyId: v.string(),
  SecretAccessKey: v.string(),
  SessionToken: v.string(),
});

const texts = v.union([v.string(), v.array(v.string())]);
const documentSchema = v.looseObject({
  Statement: v.array(v.looseObject({ Action: texts, Resource: texts })),
});
type Statement = v.InferOutput<typeof documentSchema>['Statement'][number];

export interface Deployer {
  roleArn: string;
  /** The roles of the functions, as parameters of a deployment. */
  roles: { 'function-role': string; 'check-role': string };
}

/** Whom GitHub says that a job is: of the environment `production` unless said otherwise. */
export interface Job {
  sub?: string;
  aud?: string;
  iss?: string;
}

const repository = 'booky/meetings';

/** Deploys the role for a stage, as docs/pipeline.md does. */
export async function createDeployer(
  { environment }: MiniStack,
  stage: string,
  more: readonly string[] = [],
): Promise<Deployer> {
  const aws = awsCommand(environment);
  await aws(
    [
      'iam',
      'create-open-id-connect-provider',
      '--url',
      'https://token.actions.githubusercontent.com',
      '--client-id-list',
      'sts.amazonaws.com',
    ],
    anything,
  ).catch((error: Error) => {
    // An account has at most one.
    if (!error.message.includes('EntityAlreadyExists')) throw error;
  });
  const name = `booky-meeting-token-${stage}-deployer`;
  // Its `deploy` prints no JSON.
  await promisify(execFile)(
    tools.aws,
    [
      'cloudformation',
      'deploy',
      '--template-file',
      template,
      '--stack-name',
      name,
      '--capabilities',
      'CAPABILITY_IAM',
      '--parameter-overrides',
      `Repository=${repository}`,
      'Environment=production',
      `Stage=${stage}`,
      ...more,
    ],
    { env: { ...environment } },
  );
  const outputs = await aws(
    ['cloudformation', 'describe-stacks', '--stack-name', name, '--query', 'Stacks[0].Outputs'],
    outputsSchema,
  );
  const output = (key: string) => outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? '';
  return {
    roleArn: output('DeployerRole'),
    roles: { 'function-role': output('FunctionRole'), 'check-role': output('CheckRole') },
  };
}

/**
 * The same AWS for a job that has taken on the role.
 *
 * @throws {RehearsalFault} when AWS does not trust the job.
 */
export async function assume(
  ministack: MiniStack,
  { roleArn }: Deployer,
  {
    sub = `repo:${repository}:environment:production`,
    aud = 'sts.amazonaws.com',
    iss = 'https://token.actions.githubusercontent.com',
  }: Job = {},
): Promise<MiniStack> {
  // MiniStack looks at the claims and at no signature.
  const { privateKey } = await generateKeyPair('RS256');
  const token = await new SignJWT({ sub, aud, iss }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = ministack.environment;
  const session = await awsCommand(nobody)(
    [
      'sts',
      'assume-role-with-web-identity',
      '--role-arn',
      roleArn,
      '--role-session-name',
      'job',
      '--web-identity-token',
      token,
      '--query',
      'Credentials',
    ],
    sessionSchema,
  );
  return {
    ...ministack,
    environment: {
      ...nobody,
      AWS_ACCESS_KEY_ID: session.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: session.SecretAccessKey,
      AWS_SESSION_TOKEN: session.SessionToken,
    },
  };
}

/** Takes one of the role's permissions away, in the place of the one taken before. */
export async function takeAway(
  { environment }: MiniStack,
  { roleArn }: Deployer,
  action: string,
): Promise<void> {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: action, Resource: '*' }],
  };
  await awsCommand(environment)(
    [
      'iam',
      'put-role-policy',
      '--role-name',
      roleArn.replace(/^.*\//, ''),
      '--policy-name',
      'taken-away',
      '--policy-document',
      JSON.stringify(policy),
    ],
    anything,
  );
}

/** Gives it back. */
export async function giveBack({ environment }: MiniStack, { roleArn }: Deployer): Promise<void> {
  const ofRole = ['--role-name', roleArn.replace(/^.*\//, '')];
  await awsCommand(environment)(
    ['iam', 'delete-role-policy', ...ofRole, '--policy-name', 'taken-away'],
    anything,
  );
}

/** The actions that each of a role's policies allows. */
export async function policiesOf(
  { environment }: MiniStack,
  { roleArn }: Deployer,
): Promise<{ arn: string; characters: number; actions: string[]; statements: Statement[] }[]> {
  const aws = awsCommand(environment);
  const arns = await aws(
    [
      'iam',
      'list-attached-role-policies',
      '--role-name',
      roleArn.replace(/^.*\//, ''),
      '--query',
      'AttachedPolicies[].PolicyArn',
    ],
    v.array(v.string()),
  );
  return Promise.all(
    arns.map(async (arn) => {
      const document = await aws(
        [
          'iam',
          'get-policy-version',
          '--policy-arn',
          arn,
          '--version-id',
          'v1',
          '--query',
          'PolicyVersion.Document',
        ],
        documentSchema,
      );
      return {
        arn,
        characters: JSON.stringify(document).length,
        actions: document.Statement.flatMap(({ Action }) => Action),
        statements: document.Statement,
      };
    }),
  );
}
