import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { getSecretValueProtocol } from './get-secret-value-protocol.ts';

/** The current version of a secret. */
export interface SecretVersion {
  /** The secret's text; `undefined` where it is binary. */
  text: string | undefined;
  /** Secrets Manager's id of the version: no secret, so it may be logged. */
  versionId: string | undefined;
}

/**
 * Reads one secret from Secrets Manager, over a connection that is kept alive.
 *
 * @param secretId name or ARN
 * @param timeoutMs what the caller waits at most, in milliseconds: a lost connection or a slow answer is given up on so early
 *   that the SDK's first retry still fits in
 * @returns a function that rejects with the SDK's error, also when the signal is aborted
 */
export function secretReader(
  secretId: string,
  timeoutMs: number,
): (signal: AbortSignal) => Promise<SecretVersion> {
  const client = new SecretsManagerClient({
    protocol: getSecretValueProtocol,
    requestHandler: {
      connectionTimeout: timeoutMs / 4,
      requestTimeout: timeoutMs / 2,
      throwOnRequestTimeout: true,
    },
  });
  return async (signal) => {
    const secret = await client.send(new GetSecretValueCommand({ SecretId: secretId }), {
      abortSignal: signal,
    });
    // The protocol hands over what the JSON says, and that may say null.
    return { text: secret.SecretString ?? undefined, versionId: secret.VersionId ?? undefined };
  };
}
