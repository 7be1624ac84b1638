import { roomOf } from './club.ts';
import { roleIn } from './club-access.ts';
import type { Config } from './config.ts';
import type { Role, TokenAnswer } from './contract.ts';
import { attributesOf, grants } from './grants.ts';
import { type ClaimFacts, type Claims, readerFrom } from './reader.ts';
import { parseRequest, type RequestContent } from './request.ts';
import type { CredentialsCache } from './secret/credentials-cache.ts';
import type { CredentialsState, VersionedCredentials } from './secret/versioned-credentials.ts';
import { mintToken } from './token.ts';

/** A request for a token, with the claims of its JWT, which the gateway verified. */
export interface TokenEndpointRequest extends RequestContent {
  claims: Claims | null | undefined;
}

/** Facts about a request that are worth logging. None of them identifies the reader. */
export interface RequestFacts extends ClaimFacts {
  club?: string;
  role?: Role;
  /** Secrets Manager's id of the secret's version in use. */
  credentials_version?: string | undefined;
  /** Time since the secret was read. */
  credentials_age_ms?: number;
  credentials_state?: CredentialsState;
}

/**
 * Answers a request for a token, and adds to `facts`.
 *
 * @throws {Problem} for every error of the contract but `token_generation_failed`
 */
export type TokenEndpoint = (request: TokenEndpointRequest, facts: RequestFacts) => Promise<TokenAnswer>;

/** The whole endpoint: who asks, for what, whether they may, and the token. */
export function createTokenEndpoint(
  config: Pick<Config, 'claims' | 'tokenTtlSeconds'>,
  cache: Pick<CredentialsCache<VersionedCredentials>, 'get'>,
  now: () => number,
): TokenEndpoint {
  return async (request, facts) => {
    const reader = readerFrom(request.claims, config.claims, facts);
    const { club, participantName = reader.name } = parseRequest(request, reader);
    facts.club = club;

    const role = roleIn(club, reader.claims, config.claims, facts);
    facts.role = role;

    const { value: credentials, readAt, isPastDue } = await cache.get();
    facts.credentials_version = credentials.versionId;
    facts.credentials_age_ms = now() - readAt;
    facts.credentials_state = credentials.isPrevious ? 'previous' : isPastDue ? 'stale' : 'fresh';

    const room = roomOf(club);
    const { jwt, expiresAt } = mintToken(
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
 * Answers a made-up request with made-up credentials, and drops the answer. Node then has loaded and compiled the code before
 * the first real request.
 */
export async function warmUp(now: () => number): Promise<void> {
  const credentials: VersionedCredentials = {
    apiKey: 'warm-up',
    apiSecret: 'warm-up'.repeat(5),
    serverUrl: 'ws://localhost',
    versionId: undefined,
    isPrevious: false,
  };
  const endpoint = createTokenEndpoint(
    {
      claims: { identity: 'sub', name: 'name', clubs: {}, clubsPrefix: undefined },
      tokenTtlSeconds: 120,
    },
    { get: () => Promise.resolve({ value: credentials, readAt: now(), isPastDue: false }) },
    now,
  );
  const body = Buffer.from('{"reading_club_id":1}');
  await endpoint({ claims: { sub: 'warm-up' }, contentType: 'application/json', body }, {});
}
