import type { LiveKitUrl } from '../livekit-url.ts';
import type { FetchOptions } from './credentials-cache.ts';
import {
  type LiveKitCredentials,
  parseLiveKitCredentials,
  UnusableCredentials,
} from './livekit-credentials.ts';
import type { SecretReader, SecretVersion } from './secrets-manager.ts';

/** LiveKit credentials, and the version of the secret that they are from. */
export interface VersionedCredentials extends LiveKitCredentials {
  versionId: string | undefined;
  /** Whether they are from the previous version, not the current one. */
  isPrevious: boolean;
}

/**
 * Which credentials were used. `previous`: those of the secret's previous version, of whatever age, because the current one can't be
 * used. Of the current version, `fresh`: not older than their maximum age; `stale`: older, because a refresh did not succeed in time.
 */
export type CredentialsState = 'fresh' | 'stale' | 'previous';

/** A current version that can't be used, and the previous one that is used instead. */
export interface Fallback {
  currentVersion: string | undefined;
  previousVersion: string | undefined;
  /** What is wrong with the current version. */
  fault: UnusableCredentials;
}

/**
 * Reads the LiveKit credentials from the secret's current version. If that can't be used and there is no good value, it reads
 * the previous version, once. Otherwise, after a failed rotation, new environments would refuse every reader.
 *
 * @param fallbackUrl the LiveKit project's URL if the secret has none
 * @param onFallback called when the previous version is used
 * @returns a function that rejects with `readSecret`'s error if the secret can't be read, and with `UnusableCredentials` if its
 *   content can't be used
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
