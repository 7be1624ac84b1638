// @ts-check
/**
 * What the function may do: write to its own log group and read the one secret. (The role that the CLI would generate may
 * write to every log group whose name begins like the function's.)
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
      // Ends in `:*`, for the streams of this one group.
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
      // Through Secrets Manager: whatever else the key protects stays closed.
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
      // X-Ray has no resources to name.
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
 * A secret as a policy names it. Secrets Manager adds a hyphen and six characters to a name, for which AWS asks for six `?`:
 * a `*` would match longer names as well.
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
