import process from 'node:process';
import type { APIGatewayProxyHandlerV2WithJWTAuthorizer } from 'aws-lambda';
import { systemClock, within } from '../lib/clock.ts';
import { type Config, parseConfig, parseLogging } from '../lib/config.ts';
import { httpHandler } from '../lib/http.ts';
import { createLog, describeError } from '../lib/log.ts';
import { failedRead } from '../lib/metrics.ts';
import { CredentialsCache } from '../lib/secret/credentials-cache.ts';
import { nextRequestSent } from '../lib/secret/request-sent.ts';
import { secretReader } from '../lib/secret/secrets-manager.ts';
import { credentialsReader, type VersionedCredentials } from '../lib/secret/versioned-credentials.ts';
import type { TokenEndpoint } from '../lib/token-endpoint.ts';

/**
 * The longest that init waits until the read of the secret is sent, in milliseconds: far longer than a TLS handshake takes
 * within a region, and short enough not to matter when Secrets Manager can't be reached.
 */
const longestSendingMs = 250;

const log = createLog({
  ...parseLogging(process.env),
  now: systemClock.now,
  // Not `console`: the runtime would wrap its lines in a second JSON object.
  write: (line) => process.stdout.write(line),
});

/** `POST /api/reading-clubs/meetings/token`, behind the HTTP API's JWT authorizer. */
export const handler: APIGatewayProxyHandlerV2WithJWTAuthorizer = httpHandler(
  await start(),
  log,
  systemClock.now,
);

/**
 * Init: reads the configuration and starts to fetch the credentials. It waits only until that request is sent, not for the
 * answer. At the first request the credentials are there, or under way.
 */
async function start(): Promise<TokenEndpoint> {
  try {
    const config = parseConfig(process.env);
    const cache = credentialsCache(config);
    // The modules that only answers need are loaded, and run once, while the secret is on its way. Starting earlier would delay
    // the read, since opening its connection takes several turns of the event loop.
    await within(systemClock, longestSendingMs, Promise.race([nextRequestSent(), cache.prefetch()]));
    const { createTokenEndpoint, warmUp } = await import('../lib/token-endpoint.ts');
    await warmUp(systemClock.now).catch((error: unknown) =>
      log('WARN', 'The warm-up failed.', { causes: describeError(error) }),
    );
    if (config.claims.clubs.member === undefined) {
      log('WARN', 'CLUBS_CLAIM is not set: every signed-in reader may enter the meeting of every club.');
    }
    return createTokenEndpoint(config, cache, systemClock.now);
  } catch (fault) {
    // After a crash here Lambda would run init again at every request, and callers would get the gateway's error, not ours.
    log('ERROR', 'The function is misconfigured: every request will fail.', { causes: describeError(fault) });
    return () => Promise.reject(fault);
  }
}

function credentialsCache(config: Config): CredentialsCache<VersionedCredentials> {
  const readSecret = secretReader(config.secretId, config.credentials.timeoutMs);
  return new CredentialsCache({
    fetch: credentialsReader(readSecret, config.liveKitUrl, ({ currentVersion, previousVersion, fault }) =>
      log('WARN', 'The current version of the secret can’t be used: the previous one serves.', {
        current_version: currentVersion,
        previous_version: previousVersion,
        causes: describeError(fault),
      }),
    ),
    times: config.credentials,
    clock: systemClock,
    random: Math.random,
    onFailure: (error) =>
      log('WARN', 'The credentials could not be fetched.', { causes: describeError(error) }, failedRead),
  });
}
