import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { getSecretValueProtocol } from './get-secret-value-protocol.ts';
import { PromptAgent } from './prompt-agent.ts';

/** One version of a secret. */
export interface SecretVersion {
  /** The secret's text; `undefined` where it is binary. */
  text: string | undefined;
  /** Secrets Manager's id of the version: no secret, so it may be logged. */
  versionId: string | undefined;
}

/** Secrets Manager's labels for the version in force and the one before it. */
export type VersionStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** Reads the version with this label; rejects with the SDK's error, also when the signal is aborted. */
export type SecretReader = (stage: VersionStage, signal: AbortSignal) => Promise<SecretVersion>;

/**
 * Reads one secret from Secrets Manager. Nothing passes from one read to the next, since minutes in a frozen environment may lie
 * between them: no connection, which would be dead, and no notion of the store's clock, which would be as old.
 *
 * @param secretId name or ARN
 * @param timeoutMs what the caller waits at most, in milliseconds: a lost connection or a slow answer is given up on so early
 *   that the SDK's first retry still fits in
 */
export function secretReader(secretId: string, timeoutMs: number): SecretReader {
  const requestTimeout = timeoutMs / 2;
  return async (stage, signal) => {
    const client = new SecretsManagerClient({
      protocol: getSecretValueProtocol,
      requestHandler: {
        connectionTimeout: timeoutMs / 4,
        requestTimeout,
        throwOnRequestTimeout: true,
        httpsAgent: new PromptAgent(requestTimeout),
      },
    });
    try {
      const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
      const secret = await client.send(command, { abortSignal: signal });
      // The protocol hands over what the JSON says, and that may say null.
      return { text: secret.SecretString ?? undefined, versionId: secret.VersionId ?? undefined };
    } finally {
      client.destroy();
    }
  };
}
