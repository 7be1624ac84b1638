import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { fromEnv } from '@aws-sdk/credential-provider-env';

/** Lambda hands a function its credentials in the environment, nowhere else. */
export const defaultProvider: NonNullable<SecretsManagerClientConfig['credentialDefaultProvider']> = fromEnv;
