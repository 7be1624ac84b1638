import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { getSecretValueProtocol } from './get-secret-value-protocol.ts';
import { PromptAgent } from './prompt-agent.ts';

/** One version of a secret. */
export interface SecretVersion {
  /** The secret's text; `undefined` if it is binary. */
  text: string | undefined;
  /** Secrets Manager's id of the version: no secret, so it may be logged. */
  versionId: string | undefined;
}

/** Secrets Manager's labels for the current version and the previous one. */
export type VersionStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** Reads the version with this label. Rejects with the SDK's error, also if the signal is aborted. */
export type SecretReader = (stage: VersionStage, signal: AbortSignal) => Promise<SecretVersion>;

/**
 * Reads one secret from Secrets Manager. Each read has a new client, because the environment may have been frozen for minutes
 * since the last one: its connection would be dead, and its correction for the service's clock outdated.
 *
 * @param secretId name or ARN
 * @param timeoutMs the longest that the caller waits, in milliseconds. The timeouts of one attempt are shorter, so that the
 *   SDK's first retry still fits in
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
      // The protocol returns the JSON unchanged, so a field may be null.
      return { text: secret.SecretString ?? undefined, versionId: secret.VersionId ?? undefined };
    } finally {
      client.destroy();
    }
  };
}
