import type { LiveKitUrl } from '../livekit-url.ts';
import type { FetchOptions } from './credentials-cache.ts';
import {
  type LiveKitCredentials,
  parseLiveKitCredentials,
  UnusableCredentials,
} from './livekit-credentials.ts';
import type { SecretReader, SecretVersion } from './secrets-manager.ts';

/** LiveKit credentials, and which version of the secret they are. */
export interface VersionedCredentials extends LiveKitCredentials {
  versionId: string | undefined;
  /** Whether they are from the version before the current one. */
  isPrevious: boolean;
}

/** A current version that can't be used, and the one before it that serves in its place. */
export interface Fallback {
  currentVersion: string | undefined;
  previousVersion: string | undefined;
  /** What is wrong with the current one. */
  fault: UnusableCredentials;
}

/**
 * Reads the LiveKit credentials from the secret's current version. Where that can't be used and there is no good value, it reads
 * the version before, once: a rotation that went wrong would otherwise shut out everybody whom a new environment serves.
 *
 * @param fallbackUrl where the LiveKit project is if the secret does not say
 * @param onFallback told when the version before serves
 * @returns a function that rejects with the reader's error where the store can't be read, and with `UnusableCredentials` where
 *   what it holds can't be used
 */
export function credentialsReader(
  readSecret: SecretReader,
  fallbackUrl: LiveKitUrl | undefined,
  onFallback: (fallback: Fallback) => void,
): (options: FetchOptions) => Promise<VersionedCredentials> {
  const parse = ({ text }: SecretVersion) => parseLiveKitCredentials(text, fallbackUrl);

  return async ({ signal, hasGoodValue }) => {
    const current = await readSecret('AWSCURRENT', signal);
    try {
      return { ...parse(current), versionId: current.versionId, isPrevious: false };
    } catch (fault) {
      if (hasGoodValue || !(fault instanceof UnusableCredentials)) throw fault;
      const previous = await readSecret('AWSPREVIOUS', signal)
        .then((version) => ({ ...parse(version), versionId: version.versionId, isPrevious: true }))
        .catch((cause: unknown) => {
          throw new UnusableCredentials(fault.message, { cause });
        });
      onFallback({ currentVersion: current.versionId, previousVersion: previous.versionId, fault });
      return previous;
    }
  };
}
