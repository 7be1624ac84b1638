import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { fromEnv } from '@aws-sdk/credential-provider-env';

/** Lambda passes credentials to a function only in environment variables. */
export const defaultProvider: NonNullable<SecretsManagerClientConfig['credentialDefaultProvider']> = fromEnv;
