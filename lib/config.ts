import { type Role, roles } from './contract.ts';
import { type LiveKitUrl, liveKitUrlRule, parseLiveKitUrl } from './livekit-url.ts';
import { type LogLevel, logLevels } from './log.ts';
import type { ClaimNames } from './reader.ts';
import type { CredentialsTimes } from './secret/credentials-cache.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names the claim which lists a role's clubs. */
export const claimVariableOf: Readonly<Record<Role, string>> = {
  moderator: 'MODERATED_CLUBS_CLAIM',
  listener: 'LISTENERS_CLAIM',
  member: 'CLUBS_CLAIM',
};

/** The function's configuration, parsed once from its environment variables at cold start. */
export interface Config {
  /** Name or ARN of the secret that holds the LiveKit credentials. */
  secretId: string;
  /** The LiveKit project's URL, used if the secret has none. */
  liveKitUrl: LiveKitUrl | undefined;
  /** How long a token can be used to join, in seconds. */
  tokenTtlSeconds: number;
  credentials: CredentialsTimes;
  claims: ClaimNames;
}

/** Environment variables that can't be used; the message names every faulty one. */
export class ConfigurationFault extends Error {
  override readonly name = 'ConfigurationFault';
}

/**
 * The log's settings, which exist even if the configuration is faulty. The threshold is `INFO` if `LOG_LEVEL` is unset or not a
 * level. The metrics' namespace is the function's name, which Lambda sets.
 */
export function parseLogging(environment: Environment): { threshold: LogLevel; namespace: string } {
  return {
    threshold: logLevels.find((level) => level === environment['LOG_LEVEL']) ?? 'INFO',
    namespace: environment['AWS_LAMBDA_FUNCTION_NAME'] ?? 'token',
  };
}

/** The claims' names: none can be wrong by itself. */
export function parseClaimNames(environment: Environment): ClaimNames {
  const read = (name: string) => environment[name] || undefined;
  return {
    identity: read('IDENTITY_CLAIM') ?? 'sub',
    name: read('NAME_CLAIM') ?? 'name',
    clubs: Object.fromEntries(roles.map((role) => [role, read(claimVariableOf[role])])),
    clubsPrefix: read('CLUBS_PREFIX'),
  };
}

/** @throws {ConfigurationFault} naming each faulty variable, its value and what it should be. */
export function parseConfig(environment: Environment): Config {
  const faults: string[] = [];

  /** A variable set to the empty string counts as unset, as in a shell's `${NAME:-default}`. */
  const read = (name: string) => environment[name] || undefined;

  const required = (name: string, rule: string) => {
    const value = read(name);
    if (value === undefined) faults.push(`${name} is not set: it should be ${rule}`);
    return value ?? '';
  };

  const integer = (name: string, { fallback, min, max }: { fallback: number; min: number; max: number }) => {
    const text = read(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    faults.push(`${name} is ${JSON.stringify(text)}: it should be a whole number from ${min} to ${max}`);
    return fallback;
  };

  const url = (name: string) => {
    const text = read(name);
    if (text === undefined) return undefined;
    const value = parseLiveKitUrl(text);
    // The value is not shown: it may contain a password, or a whole secret that was pasted into the wrong variable.
    if (value === undefined) faults.push(`${name} can't be used: it should be ${liveKitUrlRule}`);
    return value;
  };

  const logLevel = read('LOG_LEVEL');
  if (logLevel !== undefined && !logLevels.some((level) => level === logLevel)) {
    faults.push(`LOG_LEVEL is ${JSON.stringify(logLevel)}: it should be one of ${logLevels.join(', ')}`);
  }

  const config: Config = {
    secretId: required('LIVEKIT_SECRET_ID', 'the name or ARN of a secret in Secrets Manager'),
    liveKitUrl: url('LIVEKIT_WS_URL'),
    tokenTtlSeconds: integer('TOKEN_TTL_SECONDS', { fallback: 600, min: 120, max: 3_600 }),
    credentials: {
      maxAgeMs: 1_000 * integer('CREDENTIALS_MAX_AGE_SECONDS', { fallback: 300, min: 1, max: 3_600 }),
      maxStalenessMs:
        1_000 * integer('CREDENTIALS_MAX_STALENESS_SECONDS', { fallback: 3_600, min: 0, max: 86_400 }),
      cooldownMs: 1_000 * integer('CREDENTIALS_COOLDOWN_SECONDS', { fallback: 5, min: 0, max: 300 }),
      timeoutMs: integer('CREDENTIALS_TIMEOUT_MS', { fallback: 2_000, min: 100, max: 10_000 }),
      refreshPatienceMs: integer('CREDENTIALS_REFRESH_PATIENCE_MS', { fallback: 300, min: 0, max: 2_000 }),
    },
    claims: parseClaimNames(environment),
  };
  if (faults.length > 0) throw new ConfigurationFault(faults.join('; '));
  return config;
}
