// @ts-check
/**
 * With the parameter `create-secret`: the secret, empty, so that no template ever contains its value. Until it has a value the
 * endpoint answers 503. Removing the stack keeps the secret, because there may be no other copy of its value.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { createSecret, secret, kmsKey } = await resolveVariable('self:custom.deployment');
  if (!createSecret) return {};
  return {
    Resources: {
      LiveKitSecret: {
        Type: 'AWS::SecretsManager::Secret',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        ...(kmsKey === undefined && {
          Metadata: {
            checkov: {
              skip: [{ id: 'CKV_AWS_149', comment: 'The parameter kms-key names a key of the customer' }],
            },
          },
        }),
        Properties: {
          Name: secret,
          Description:
            'LIVEKIT_API_KEY, LIVEKIT_API_SECRET and LIVEKIT_WS_URL of the reading clubs, as a JSON object',
          ...(kmsKey && { KmsKeyId: kmsKey }),
        },
      },
    },
  };
};
