// @ts-check
const { createHash } = require('node:crypto');

/**
 * The roles of both functions, unless `function-role` or `check-role` names one that is ready. (The roles that the CLI would generate
 * may write to every log group whose name starts with the function's.)
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
async function resources({ resolveVariable }) {
  const deployment = await resolveVariable('self:custom.deployment');
  const { functionRole, checkRole, permissionsBoundary } = deployment;
  /** @type {(policyName: string, statements: object[]) => object} */
  const role = (policyName, statements) => ({
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: policy({
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
      ...(permissionsBoundary && { PermissionsBoundary: permissionsBoundary }),
      Policies: [{ PolicyName: policyName, PolicyDocument: policy(...statements) }],
    },
  });
  return {
    Resources: {
      ...(functionRole === undefined && {
        [tokenRoleId(deployment)]: role('token-function', ofTokenFunction(deployment)),
      }),
      ...(checkRole === undefined && {
        CheckFunctionRole: role('check-function', ofCheckFunction(deployment)),
      }),
    },
  };
}

/**
 * The functions' roles, as the functions name them.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
async function roles({ resolveVariable }) {
  const deployment = await resolveVariable('self:custom.deployment');
  return {
    token: deployment.functionRole ?? { 'Fn::GetAtt': [tokenRoleId(deployment), 'Arn'] },
    check: deployment.checkRole ?? { 'Fn::GetAtt': ['CheckFunctionRole', 'Arn'] },
  };
}

/**
 * Other permissions are another role, since a version keeps its role: a new version must not take from the one in place the permission
 * to read its secret. CloudFormation's name for a role has the first 24 characters of this.
 *
 * @param {import('./parameters.cjs').Deployment} deployment
 */
function tokenRoleId(deployment) {
  const content = JSON.stringify([ofTokenFunction(deployment), deployment.permissionsBoundary]);
  return `TokenFunctionRole${createHash('sha256').update(content).digest('hex').slice(0, 7)}`;
}

/**
 * The token function may write to its own log group and read the one secret.
 *
 * @param {Pick<import('./parameters.cjs').Deployment, 'secret' | 'kmsKey' | 'tracing'>} deployment
 */
function ofTokenFunction({ secret, kmsKey, tracing }) {
  const statements = [
    writeTo('TokenLogGroup'),
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secretArn(secret) },
  ];
  if (kmsKey !== undefined) {
    statements.push({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: kmsKey,
      // Only through Secrets Manager: the role can't decrypt anything else that the key protects.
      Condition: {
        StringEquals: {
          'kms:ViaService': { 'Fn::Sub': `secretsmanager.\${AWS::Region}.\${AWS::URLSuffix}` },
        },
      },
    });
  }
  return tracing ? [...statements, trace] : statements;
}

/**
 * The check may write to its own log group and invoke the token function's versions.
 *
 * @param {Pick<import('./parameters.cjs').Deployment, 'tracing'>} deployment
 */
function ofCheckFunction({ tracing }) {
  const statements = [
    writeTo('CheckLogGroup'),
    {
      Effect: 'Allow',
      Action: 'lambda:InvokeFunction',
      // Of versions and aliases alone: what is deployed but not published can't be invoked.
      Resource: { 'Fn::Sub': `\${TokenLambdaFunction.Arn}:*` },
    },
  ];
  return tracing ? [...statements, trace] : statements;
}

/**
 * A statement of a policy.
 *
 * @typedef {{ Effect: 'Allow', Action: string | string[], Resource: unknown, Condition?: object }} Statement
 */

/** @type {Statement} */
const trace = {
  Effect: 'Allow',
  Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  // These actions of X-Ray have no resources with ARNs.
  Resource: '*',
};

/** @type {(logGroup: string) => Statement} */
const writeTo = (logGroup) => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  // This ARN ends in `:*`, for the streams of this one group.
  Resource: { 'Fn::GetAtt': [logGroup, 'Arn'] },
});

/** @param {object[]} statements */
function policy(...statements) {
  return { Version: '2012-10-17', Statement: statements };
}

/**
 * A secret's ARN for a policy. Secrets Manager adds a hyphen and six characters to a name. The pattern for them is six `?`,
 * as AWS recommends: a `*` would match longer names too.
 *
 * @param {string} nameOrArn
 */
function secretArn(nameOrArn) {
  if (nameOrArn.startsWith('arn:')) return nameOrArn;
  const resource = `secret:${nameOrArn}-??????`;
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
  };
}

module.exports = { resources, roles };
