// @ts-check
const { createHash } = require('node:crypto');

/**
 * The roles of both functions: those that `function-role` and `check-role` name, or one with as few permissions as the function
 * needs. (The roles that the CLI would generate may write to every log group whose name starts with the function's.)
 *
 * @param {import('./parameters.cjs').Deployment} deployment
 * @returns {{ token: unknown, check: unknown, resources: Record<string, object> }} the ARNs of both, and what is to be created
 */
module.exports = ({ secret, kmsKey, tracing, permissionsBoundary, functionRole, checkRole }) => {
  // These actions of X-Ray have no resources with ARNs.
  const traces = tracing ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : [];
  const ofToken = [
    writeTo('TokenLogGroup'),
    allow('secretsmanager:GetSecretValue', secretArn(secret)),
    ...(kmsKey === undefined ? [] : [decryptWith(kmsKey)]),
    ...traces,
  ];
  const ofCheck = [
    writeTo('CheckLogGroup'),
    // Of versions and aliases alone: what is deployed but not published can't be invoked.
    allow('lambda:InvokeFunction', { 'Fn::Sub': `\${TokenLambdaFunction.Arn}:*` }),
    ...traces,
  ];
  /** @type {(policyName: string, statements: object[]) => object} */
  const role = (policyName, statements) => ({
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: policy([
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ]),
      ...(permissionsBoundary && { PermissionsBoundary: permissionsBoundary }),
      Policies: [{ PolicyName: policyName, PolicyDocument: policy(statements) }],
    },
  });
  // Other permissions are another role, since a version keeps its role: a new version must not take from the one in place the
  // permission to read its secret. CloudFormation's name for a role has the first 24 characters of this.
  const content = JSON.stringify([ofToken, permissionsBoundary]);
  const tokenId = `TokenFunctionRole${createHash('sha256').update(content).digest('hex').slice(0, 7)}`;
  return {
    token: functionRole ?? { 'Fn::GetAtt': [tokenId, 'Arn'] },
    check: checkRole ?? { 'Fn::GetAtt': ['CheckFunctionRole', 'Arn'] },
    resources: {
      ...(functionRole === undefined && { [tokenId]: role('token-function', ofToken) }),
      ...(checkRole === undefined && { CheckFunctionRole: role('check-function', ofCheck) }),
    },
  };
};

/** @type {(action: string | string[], resource: unknown) => object} */
const allow = (action, resource) => ({ Effect: 'Allow', Action: action, Resource: resource });

const policy = (/** @type {object[]} */ statements) => ({ Version: '2012-10-17', Statement: statements });

/** The group's ARN ends in `:*`, for the streams of this one group. */
const writeTo = (/** @type {string} */ logGroup) =>
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [logGroup, 'Arn'] });

/** Only through Secrets Manager: the role can't decrypt anything else that the key protects. */
const decryptWith = (/** @type {string} */ key) => ({
  ...allow('kms:Decrypt', key),
  Condition: {
    StringEquals: { 'kms:ViaService': { 'Fn::Sub': `secretsmanager.\${AWS::Region}.\${AWS::URLSuffix}` } },
  },
});

/**
 * A secret's ARN for a policy. Secrets Manager adds a hyphen and six characters to a name. The pattern for them is six `?`,
 * as AWS recommends: a `*` would match longer names too.
 */
const secretArn = (/** @type {string} */ nameOrArn) =>
  nameOrArn.startsWith('arn:')
    ? nameOrArn
    : {
        'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${nameOrArn}-??????`,
      };
