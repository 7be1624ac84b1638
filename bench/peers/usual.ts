/** The usual bundle: both SDKs as in their READMEs. It requests the secret as soon as the module loads. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { APIGatewayProxyHandlerV2WithJWTAuthorizer } from 'aws-lambda';
import { liveKitToken } from './livekit.ts';
import { admissionOf, answer, secretName } from './meeting.ts';

const client = new SecretsManagerClient({});
const fetched = client.send(new GetSecretValueCommand({ SecretId: secretName }));

export const handler: APIGatewayProxyHandlerV2WithJWTAuthorizer = async (event) => {
  const admission = admissionOf(event);
  const secret = JSON.parse((await fetched).SecretString ?? '');
  return answer(admission, secret, await liveKitToken(admission, secret));
};
