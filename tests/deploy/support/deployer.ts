/** The pipeline's role (deploy/deployer.yml), and a job on GitHub that takes it on. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateKeyPair, SignJWT } from 'jose';
import * as v from 'valibot';
import { awsCommand } from '../../../scripts/rehearsal/aws.ts';
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
  { aws, environment }: MiniStack,
  stage: string,
  more: readonly string[] = [],
): Promise<Deployer> {
  await aws('iam create-open-id-connect-provider', {
    url: 'https://token.actions.githubusercontent.com',
    'client-id-list': 'sts.amazonaws.com',
  }).catch((error: Error) => {
    // An account has at most one.
    if (!error.message.includes('EntityAlreadyExists')) throw error;
  });
  const name = `booky-meeting-token-${stage}-deployer`;
  const overrides = [`Repository=${repository}`, 'Environment=production', `Stage=${stage}`, ...more];
  const deploy = `cloudformation deploy --stack-name ${name} --capabilities CAPABILITY_IAM --parameter-overrides`;
  // It prints no JSON.
  await promisify(execFile)(tools.aws, [...deploy.split(' '), ...overrides, '--template-file', template], {
    env: { ...environment },
  });
  const outputs = v.parse(
    outputsSchema,
    await aws('cloudformation describe-stacks', { 'stack-name': name, query: 'Stacks[0].Outputs' }),
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
export async function assume<Cloud extends MiniStack>(
  cloud: Cloud,
  { roleArn }: Deployer,
  {
    sub = `repo:${repository}:environment:production`,
    aud = 'sts.amazonaws.com',
    iss = 'https://token.actions.githubusercontent.com',
  }: Job = {},
): Promise<Cloud> {
  // MiniStack looks at the claims and at no signature.
  const { privateKey } = await generateKeyPair('RS256');
  const token = await new SignJWT({ sub, aud, iss }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = cloud.environment;
  const session = v.parse(
    sessionSchema,
    await awsCommand(nobody)('sts assume-role-with-web-identity', {
      'role-arn': roleArn,
      'role-session-name': 'job',
      'web-identity-token': token,
      query: 'Credentials',
    }),
  );
  const environment = {
    ...nobody,
    AWS_ACCESS_KEY_ID: session.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: session.SecretAccessKey,
    AWS_SESSION_TOKEN: session.SessionToken,
  };
  return { ...cloud, environment, aws: awsCommand(environment) };
}

/** What one of the role's policies allows. */
export interface Policy {
  arn: string;
  /** Its length as IAM counts it. */
  characters: number;
  statements: v.InferOutput<typeof documentSchema>['Statement'];
  actions: string[];
}

/** A role's name, by its ARN. */
export const nameOf = (arn: string) => arn.replace(/^.*\//, '');

export async function policiesOf({ aws }: MiniStack, { roleArn }: Deployer): Promise<Policy[]> {
  const arns = await aws('iam list-attached-role-policies', {
    'role-name': nameOf(roleArn),
    query: 'AttachedPolicies[].PolicyArn',
  });
  return Promise.all(
    v.parse(v.array(v.string()), arns).map(async (arn) => {
      const version = { 'policy-arn': arn, 'version-id': 'v1', query: 'PolicyVersion.Document' };
      const document = v.parse(documentSchema, await aws('iam get-policy-version', version));
      return {
        arn,
        characters: JSON.stringify(document).length,
        statements: document.Statement,
        actions: document.Statement.flatMap(({ Action }) => Action),
      };
    }),
  );
}
