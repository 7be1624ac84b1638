/**
 * The pipeline's role: whom AWS trusts with it, that it suffices, that it can do nothing else, and that none of its permissions
 * is spare. MiniStack checks what the CLI calls. What CloudFormation calls in the role's name MiniStack does not check: that
 * is held to AWS's own list of what each type of resource calls.
 */
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { describeStack } from '../../scripts/rehearsal/service.ts';
import {
  packageService,
  propertiesOf,
  requiredParameters,
  tokenRole,
} from '../infrastructure/support/packaged.ts';
import { askForToken, secretName, stage, startCloud } from './support/cloud.ts';
import { assume, createDeployer, type Deployer, type Job, nameOf, policiesOf } from './support/deployer.ts';
import { callsOf } from './support/resource-calls.ts';
import { throughTls } from './support/tls-proxy.ts';

const key = 'arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab';

const cloud = await startCloud();
/** The cloud as it is from outside. */
const { aws, needed } = await throughTls(cloud);
const deployer = await createDeployer(aws, stage, [`KmsKey=${key}`, 'Tracing=true']);
/** Of another stage, and of a repository whose subjects have ids. */
const another = await createDeployer(aws, 'other', ['OwnerId=123456', 'RepositoryId=456789']);
const policies = await policiesOf(aws, deployer);

/** One of the role's policies, by its name in the template. */
const policyOf = (name: string) =>
  policies.find(({ arn }) => arn.includes(name)) ?? expect.fail(`the role has no policy ${name}`);

const policiesSchema = v.tuple([v.object({ PolicyName: v.string(), PolicyDocument: v.unknown() })]);

describe('AWS trusts', () => {
  test('a job of the repository’s environment', async () => {
    await expect(assume(aws, deployer)).resolves.toBeDefined();
  });

  test.each<[string, Job]>([
    ['of another environment', { sub: 'repo:booky/meetings:environment:staging' }],
    ['of a branch, without the environment', { sub: 'repo:booky/meetings:ref:refs/heads/main' }],
    ['of a pull request', { sub: 'repo:booky/meetings:pull_request' }],
    ['of another repository', { sub: 'repo:booky/other:environment:production' }],
    ['of a repository whose name ends alike', { sub: 'repo:a-booky/meetings:environment:production' }],
    ['of an environment whose name begins alike', { sub: 'repo:booky/meetings:environment:production2' }],
    ['for another audience', { aud: 'https://github.com/booky' }],
    ['that somebody else vouches for', { iss: 'https://login.example' }],
  ])('no job %s', async (_, job) => {
    await expect(assume(aws, deployer, job)).rejects.toThrow('AccessDenied');
  });
});

test('where subjects have ids, AWS trusts that repository, and no other of its name', async () => {
  const environment = 'environment:production';
  const subject = (ids: [string, string]) => `repo:booky@${ids[0]}/meetings@${ids[1]}:${environment}`;
  await expect(assume(aws, another, { sub: subject(['123456', '456789']) })).resolves.toBeDefined();
  for (const sub of [
    subject(['123457', '456789']),
    subject(['123456', '456780']),
    `repo:booky/meetings:${environment}`,
  ]) {
    await expect(assume(aws, another, { sub })).rejects.toThrow('AccessDenied');
  }
});

test('the ready roles may do what the stack’s own would', async () => {
  const { template } = await packageService(stage, {
    ...requiredParameters,
    'kms-key': key,
    tracing: 'true',
  });
  const account = '000000000000';
  const group = (name: string) =>
    `arn:aws:logs:${cloud.region}:${account}:log-group:/aws/lambda/booky-meeting-token-prod-${name}:*`;
  const values: Readonly<Record<string, string>> = {
    TokenLogGroup: group('token'),
    CheckLogGroup: group('check'),
    'TokenLambdaFunction.Arn': `arn:aws:lambda:${cloud.region}:${account}:function:booky-meeting-token-prod-token`,
    'AWS::Partition': 'aws',
    'AWS::Region': cloud.region,
    'AWS::AccountId': account,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const resolved = (_: string, value: unknown) => {
    const { 'Fn::GetAtt': attribute, 'Fn::Sub': text } = Object(value);
    if (attribute) return values[attribute[0]];
    return text ? text.replaceAll(/\$\{([^}]+)\}/g, (_: string, name: string) => values[name]) : value;
  };
  for (const [id, arn] of [
    [tokenRole(template), deployer.roles['function-role']],
    ['CheckFunctionRole', deployer.roles['check-role']],
  ] as const) {
    const policies = JSON.stringify(propertiesOf(template, id)['Policies']);
    const [own] = v.parse(policiesSchema, JSON.parse(policies, resolved));
    const ofRole = { 'role-name': nameOf(arn), 'policy-name': own.PolicyName };
    const ready = await cloud.aws('iam get-role-policy', { ...ofRole, query: 'PolicyDocument' });
    expect(ready).toEqual(own.PolicyDocument);
  }
});

describe('with the role', async () => {
  const job = await assume(aws, deployer);
  needed.clear();
  /** The CLI with the job's credentials; what it printed. */
  const serverless = async (...args: string[]) => {
    const parameters = { ...cloud.parameters, ...deployer.roles };
    const { exitCode, output } = await cloud.service.serverless(args, parameters, job.environment);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    return output;
  };

  const anybody = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }],
  });
  const functionRole = ({ roles }: Deployer) => nameOf(roles['function-role']);
  const more = `--policy-arn arn:aws:iam::aws:policy/AdministratorAccess`;
  const ofSecret = `--secret-id ${secretName}`;
  const same = `--secret-string ${JSON.stringify(cloud.secret)}`;
  test.each<[string, string | ((of: Deployer) => string)]>([
    ['read the secret', `secretsmanager get-secret-value ${ofSecret}`],
    ['replace it', `secretsmanager put-secret-value ${ofSecret} ${same}`],
    ['list another bucket', 's3api list-objects-v2 --bucket another'],
    ['create a role', `iam create-role --role-name mine --assume-role-policy-document ${anybody}`],
    [
      'let itself into a function’s role',
      (of) => `iam update-assume-role-policy --role-name ${functionRole(of)} --policy-document ${anybody}`,
    ],
    ['give a function’s role more', (of) => `iam attach-role-policy --role-name ${functionRole(of)} ${more}`],
    ['give itself more', (of) => `iam attach-role-policy --role-name ${nameOf(of.roleArn)} ${more}`],
    ['delete a role', 'iam delete-role --role-name another'],
    ['delete another function', 'lambda delete-function --function-name another'],
    ['delete another log', 'logs delete-log-group --log-group-name /aws/lambda/another'],
    ['delete another stack', 'cloudformation delete-stack --stack-name another'],
  ])('a job can’t %s, and who has the permission can', async (_, command) => {
    const commandOn = (of: Deployer) => (typeof command === 'string' ? command : command(of));
    await expect(job.aws(commandOn(deployer))).rejects.toThrow(/AccessDenied/);
    // With roles of another stage, which nothing here uses. What is not there is not found.
    const outcome = await cloud.aws(commandOn(another)).catch((error: Error) => error.message);
    expect(String(outcome)).not.toContain('AccessDenied');
  });

  test('a job can give a function one of the two ready roles, and has no other permission of IAM', () => {
    // MiniStack does not ask for iam:PassRole.
    const { statements } = policyOf('CallsOfTheStack');
    const ofIam = statements.filter(({ Action }) =>
      [Action].flat().some((action) => action.startsWith('iam:')),
    );
    expect(ofIam.map(({ Action, Resource }) => ({ Action, Resource }))).toEqual([
      { Action: 'iam:PassRole', Resource: Object.values(deployer.roles) },
      {
        Action: 'iam:CreateServiceLinkedRole',
        Resource: expect.stringContaining('ops.apigateway.amazonaws.com'),
      },
    ]);
  });

  test('a job deploys, deploys again, rolls back and removes, and needs each permission of the CLI’s for it', async () => {
    needed.clear();
    await serverless('deploy');
    // The functions have what they need with the ready roles.
    const bearer = await cloud.signIn('ana', ['1']);
    const stack = await describeStack(cloud, stage);
    expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 });
    await serverless('deploy');
    const [first = ''] = /(?<=Timestamp: )\d+/.exec(await serverless('deploy', 'list')) ?? [];
    expect(await serverless('rollback', '--timestamp', first)).toContain('rolled back to timestamp');
    expect(await serverless('remove')).toContain('successfully removed');

    // And the release reads the template.
    expect(policyOf('CallsOfTheCli').actions.toSorted()).toEqual(
      [...needed, 'cloudformation:GetTemplate'].toSorted(),
    );
  });
});

describe('what CloudFormation calls in the role’s name', async () => {
  /** What no resource of ours ever sets, so that CloudFormation never calls it. */
  const unused: readonly [what: string, calls: RegExp][] = [
    ['a network or a file system', /^(ec2|elasticfilesystem|s3files):/],
    ['a key of one’s own for variables or logs', /^(kms:|logs:(Associate|Disassociate)KmsKey$)/],
    [
      'layers, signed code, provisioned concurrency, reserved hosts',
      /^lambda:(Get(LayerVersion|CodeSigningConfig)|AssociateRuntimeAlias|PassCapacityProvider|(Put|Delete)(FunctionCodeSigning|ProvisionedConcurrency)Config)$/,
    ],
    [
      'recursion, scaling and runtime settings',
      /^lambda:Put(FunctionRecursion|FunctionScaling|RuntimeManagement)Config$/,
    ],
    ['versions of objects, and an API from a file', /^s3:(GetObjectVersion|getObject)$/],
    ['tags of a stage as an action: IAM knows POST and DELETE', /^apigateway:(Tag|Untag)Resource$/],
    ['shifting an alias slowly', /^codedeploy:/],
    [
      'policies and protection of a log group, and logs without an end',
      /^logs:((Put|Delete)(DataProtection|Index)Policy|DeleteResourcePolicy|DeleteRetentionPolicy|PutBearerTokenAuthentication|PutLogGroupDeletionProtection)$/,
    ],
    ['a log group’s delivery elsewhere', /^(firehose|s3:REST)/],
    [
      'other settings of a bucket',
      /^s3:(Put|Delete)(Bucket)?(Abac|Accelerate|Acl|Analytics|Cors|CORS|Encryption$|IntelligentTiering|Inventory|Lifecycle|Logging|Metrics|Notification|ObjectAcl|ObjectLock|OwnershipControls|Replication|Versioning|Website)/,
    ],
    ['tables of a bucket', /^(s3tables:|s3:(Create|Delete|Update)BucketMetadata|s3:GetBucketAcl$)/],
    [
      'a secret’s value, replicas, change or end',
      /^secretsmanager:(GetSecretValue|GetRandomPassword|UpdateSecret|DeleteSecret|(ReplicateSecretTo|RemoveRegionsFrom).*)$/,
    ],
  ];

  /** What AWS requires in addition: for the check of a version, an access log of an HTTP API, and an account's first domain name. */
  const beside = [
    'lambda:InvokeFunction',
    'logs:DeleteLogDelivery',
    'logs:GetLogDelivery',
    'logs:ListLogDeliveries',
    'logs:UpdateLogDelivery',
    'iam:CreateServiceLinkedRole',
  ];

  /** The parameters that add a resource. */
  const everyResource = {
    ...requiredParameters,
    'function-role': 'arn:aws:iam::123456789012:role/token',
    'check-role': 'arn:aws:iam::123456789012:role/check',
    'create-secret': 'true',
    domain: 'meetings.booky.example',
    certificate: 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
  };

  const granted = policyOf('CallsOfTheStack').actions;
  // What the CLI calls as well is in the other policy.
  const { actions: ofCli } = policyOf('CallsOfTheCli');
  const { template } = await packageService(stage, everyResource);
  // Of a resource that a function makes, CloudFormation only calls the function.
  const types = Object.values(template.Resources).flatMap(({ Type }) =>
    Type.startsWith('Custom::') ? [] : Type,
  );
  const called = [...(await callsOf(new Set(types)))].filter((call) => !ofCli.includes(call));

  test('fits into a policy', () => {
    // IAM's quota, in characters without white space.
    for (const { characters } of policies) expect(characters).toBeLessThan(6_144);
  });

  test('is granted, but for what no resource of ours sets', () => {
    const needed = called.filter((call) => !unused.some(([, calls]) => calls.test(call)));
    expect(needed.filter((call) => !granted.includes(call))).toEqual([]);
  });

  test('is all that is granted', () => {
    expect(granted.filter((action) => !called.includes(action)).toSorted()).toEqual(beside.toSorted());
    // Nothing is both granted and said to be of no use.
    expect(granted.filter((action) => unused.some(([, calls]) => calls.test(action)))).toEqual([]);
  });

  test('is still something that it would call', () => {
    const ofNoUse = unused.filter(([, calls]) => !called.some((call) => calls.test(call)));
    expect(ofNoUse.map(([what]) => what)).toEqual([]);
  });
});
