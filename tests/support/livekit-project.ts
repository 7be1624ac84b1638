import { TokenVerifier } from 'livekit-server-sdk';
import type { VersionedCredentials } from '../../lib/secret/versioned-credentials.ts';

/** What the endpoint reads from the secret of a LiveKit project. */
export const credentials: VersionedCredentials = {
  apiKey: 'APIkey',
  apiSecret: 'a-secret-of-at-least-32-characters',
  serverUrl: 'wss://project.livekit.cloud',
  versionId: 'version-1',
  isPrevious: false,
};

/** LiveKit's own, of the tokens that are signed with them. */
export const verifier = new TokenVerifier(credentials.apiKey, credentials.apiSecret);
