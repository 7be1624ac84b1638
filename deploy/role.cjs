// @ts-check
/**
 * The function's role: it may write to its own log group and read the one secret. (The role that the CLI would generate may
 * write to every log group whose name starts with the function's.)
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { secret, kmsKey, tracing, permissionsBoundary } = await resolveVariable('self:custom.deployment');

  /** @type {object[]} */
  const statements = [
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      // This ARN ends in `:*`, for the streams of this one group.
      Resource: { 'Fn::GetAtt': ['TokenLogGroup', 'Arn'] },
    },
    {
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: secretArn(secret),
    },
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
  if (tracing) {
    statements.push({
      Effect: 'Allow',
      Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      // These actions of X-Ray have no resources with ARNs.
      Resource: '*',
    });
  }

  return {
    Resources: {
      TokenFunctionRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: policy({
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          }),
          ...(permissionsBoundary && { PermissionsBoundary: permissionsBoundary }),
          Policies: [{ PolicyName: 'token-function', PolicyDocument: policy(...statements) }],
        },
      },
    },
  };
};

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
