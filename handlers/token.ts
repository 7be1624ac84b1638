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
 * How long the init waits for the read to leave, in milliseconds, before it goes on without: far longer than a handshake takes
 * within a region, and short enough not to matter where the store can't be reached.
 */
const longestSendingMs = 250;

const log = createLog({
  ...parseLogging(process.env),
  now: systemClock.now,
  // Not `console`: the runtime would wrap its lines once more.
  write: (line) => process.stdout.write(line),
});

/** `POST /api/reading-clubs/meetings/token`, behind the HTTP API's JWT authorizer. */
export const handler: APIGatewayProxyHandlerV2WithJWTAuthorizer = httpHandler(
  await start(),
  log,
  systemClock.now,
);

/**
 * Init: reads the configuration and sends for the credentials. It does not wait for them, only until the read has left, so that
 * they are there, or under way, at the first request.
 */
async function start(): Promise<TokenEndpoint> {
  try {
    const config = parseConfig(process.env);
    const cache = credentialsCache(config);
    // What only answers need is evaluated, and run once, while the secret is on its way. Begun any earlier, that would hold up
    // the read: its connection takes several turns of the event loop.
    await within(systemClock, longestSendingMs, Promise.race([nextRequestSent(), cache.prefetch()]));
    const { createTokenEndpoint, rehearse } = await import('../lib/token-endpoint.ts');
    await rehearse(systemClock.now).catch((error: unknown) =>
      log('WARN', 'The rehearsal failed.', { causes: describeError(error) }),
    );
    if (config.claims.clubs === undefined) {
      log('WARN', 'CLUBS_CLAIM is not set: every signed-in reader may enter the meeting of every club.');
    }
    return createTokenEndpoint(config, cache, systemClock.now);
  } catch (fault) {
    // A crash here would make Lambda start over and over, and answer in the gateway's own words.
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
