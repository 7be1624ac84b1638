import { roomOf } from './club.ts';
import { roleIn } from './club-access.ts';
import type { Config } from './config.ts';
import type { Role, TokenAnswer } from './contract.ts';
import { attributesOf, grants } from './grants.ts';
import { type Claims, readerFrom } from './reader.ts';
import { parseRequest, type RequestContent } from './request.ts';
import type { CredentialsCache } from './secret/credentials-cache.ts';
import type { VersionedCredentials } from './secret/versioned-credentials.ts';
import { mintToken } from './token.ts';

/** A request for a token: what came, and the claims of the JWT that came with it, verified by the gateway. */
export interface TokenEndpointRequest extends RequestContent {
  claims: Claims | null | undefined;
}

/** What becomes known on the way and is worth logging; nothing of it names the reader. */
export interface Findings {
  club?: string;
  role?: Role;
  /** Names of claims that are present and could not be read. */
  unreadable_claims?: string[];
  /** Secrets Manager's id of the secret's version in use. */
  credentials_version?: string | undefined;
  /** Time since the secret was read. */
  credentials_age_ms?: number;
  credentials_state?: CredentialsState;
}

/**
 * Which credentials served: `fresh`, read within their maximum age; `stale`, older than that, because nothing newer could be had
 * in time; `previous`, within it, but of the secret's version before the current one, which can't be used.
 */
export type CredentialsState = 'fresh' | 'stale' | 'previous';

/**
 * Answers requests for tokens, and adds to `findings` while it does.
 *
 * @throws {Problem} for every error that the contract foresees
 */
export type TokenEndpoint = (request: TokenEndpointRequest, findings: Findings) => Promise<TokenAnswer>;

/** The endpoint from end to end: who asks, for what, may they, and then a token that says so. */
export function createTokenEndpoint(
  config: Pick<Config, 'claims' | 'tokenTtlSeconds'>,
  cache: Pick<CredentialsCache<VersionedCredentials>, 'get'>,
  now: () => number,
): TokenEndpoint {
  return async (request, findings) => {
    const reader = readerFrom(request.claims);
    const { club, participantName = reader.name } = parseRequest(request, reader);
    findings.club = club;

    const role = roleIn(club, reader.claims, config.claims, (claimName) => {
      findings.unreadable_claims = [...(findings.unreadable_claims ?? []), claimName];
    });
    findings.role = role;

    const { value: credentials, readAt, isPastDue } = await cache.get();
    findings.credentials_version = credentials.versionId;
    findings.credentials_age_ms = now() - readAt;
    findings.credentials_state = isPastDue ? 'stale' : credentials.isPrevious ? 'previous' : 'fresh';

    const room = roomOf(club);
    const { jwt, expiresAt } = await mintToken(
      {
        identity: reader.id,
        name: participantName,
        room,
        grant: grants[role],
        attributes: attributesOf(role),
        ttlSeconds: config.tokenTtlSeconds,
      },
      credentials,
    );
    return {
      token: jwt,
      room_name: room,
      participant_name: participantName,
      role,
      server_url: credentials.serverUrl,
      participant_token: jwt,
      expires_at: expiresAt.toISOString(),
    };
  };
}

/**
 * Answers a request that nobody sent, with credentials that open nothing, and drops the answer: what a first answer makes Node
 * load and compile is then behind it.
 */
export async function rehearse(now: () => number): Promise<void> {
  const credentials: VersionedCredentials = {
    apiKey: 'rehearsal',
    apiSecret: 'rehearsal'.repeat(4),
    serverUrl: 'ws://localhost',
    versionId: undefined,
    isPrevious: false,
  };
  const endpoint = createTokenEndpoint(
    {
      claims: { clubs: undefined, moderatedClubs: undefined, listeners: undefined },
      tokenTtlSeconds: 120,
    },
    { get: () => Promise.resolve({ value: credentials, readAt: now(), isPastDue: false }) },
    now,
  );
  const body = Buffer.from('{"reading_club_id":1}');
  await endpoint({ claims: { sub: 'rehearsal' }, contentType: 'application/json', body }, {});
}
