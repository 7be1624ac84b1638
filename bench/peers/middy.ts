/** Middy's Secrets Manager middleware, which fetches while the module loads and keeps the value for five minutes. */
import middy from '@middy/core';
import secretsManager, { secret } from '@middy/secrets-manager';
import { liveKitToken } from './livekit.ts';
import { admissionOf, answer, type Secret, secretName } from './meeting.ts';

export const handler = middy()
  .use(
    secretsManager({
      fetchData: { liveKit: secret<Secret>(secretName) },
      cacheExpiry: 5 * 60 * 1000,
      setToContext: true,
    }),
  )
  .handler(async (event, { liveKit }) => {
    const admission = admissionOf(event);
    return answer(admission, liveKit, await liveKitToken(admission, liveKit));
  });
