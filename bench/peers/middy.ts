/** Middy's Secrets Manager middleware, which fetches while the module loads and keeps the value for five minutes. */
import middy from '@middy/core';
import secretsManager from '@middy/secrets-manager';
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { liveKitToken } from './livekit.ts';
import { admissionOf, answer, isSecret, secretName } from './meeting.ts';

export const handler = middy<APIGatewayProxyEventV2WithJWTAuthorizer>()
  .use(
    secretsManager({
      fetchData: { liveKit: secretName },
      cacheExpiry: 5 * 60 * 1000,
      setToContext: true,
    }),
  )
  .handler(async (event, context) => {
    const secret: unknown = Reflect.get(context, 'liveKit');
    if (!isSecret(secret)) throw new Error('the secret is not what it should be');
    const admission = admissionOf(event);
    return answer(admission, secret, await liveKitToken(admission, secret));
  });
