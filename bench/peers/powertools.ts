/**
 * Powertools' `getSecret`, which keeps the value for five minutes. It can't prefetch, so the best option for its users is a first
 * call while the module loads.
 */
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import type { APIGatewayProxyHandlerV2WithJWTAuthorizer } from 'aws-lambda';
import { liveKitToken } from './livekit.ts';
import { admissionOf, answer, type Secret, secretName } from './meeting.ts';

const readSecret = () => getSecret<Secret>(secretName, { maxAge: 300, transform: 'json' });
const prefetch = readSecret();

export const handler: APIGatewayProxyHandlerV2WithJWTAuthorizer = async (event) => {
  const admission = admissionOf(event);
  const secret = (await prefetch) && (await readSecret());
  if (!secret) throw new Error('there is no secret');
  return answer(admission, secret, await liveKitToken(admission, secret));
};
