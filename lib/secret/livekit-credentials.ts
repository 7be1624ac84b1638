import { type LiveKitUrl, liveKitUrlRule, parseLiveKitUrl } from '../livekit-url.ts';

/** The key pair to sign tokens for a LiveKit project, and the URL at which readers reach it. */
export interface LiveKitCredentials {
  apiKey: string;
  /** The project's API secret; never logged, never sent. */
  apiSecret: string;
  /** `wss:`, or `ws:` on loopback. */
  serverUrl: string;
}

/** A secret that can't be used; the message names the field and what it should be, never a value. */
export class UnusableCredentials extends Error {
  override readonly name = 'UnusableCredentials';
}

/** In characters. Shorter keys make HS256 unsafe: RFC 7518, section 3.2 asks for 256 bits. */
const shortestApiSecret = 32;

/**
 * Reads the secret's JSON, `{"LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_WS_URL"}`; other fields are ignored.
 *
 * @param fallbackUrl the project's URL if the secret has none
 * @throws {UnusableCredentials} on a missing or faulty field, and on credentials that would be unsafe outside this machine
 */
export function parseLiveKitCredentials(
  secret: string | undefined,
  fallbackUrl: LiveKitUrl | undefined,
): LiveKitCredentials {
  const fields = parseFields(secret);
  const apiKey = requireText(fields, 'LIVEKIT_API_KEY');
  const apiSecret = requireText(fields, 'LIVEKIT_API_SECRET');
  const server = fields.has('LIVEKIT_WS_URL')
    ? parseLiveKitUrl(requireText(fields, 'LIVEKIT_WS_URL'))
    : (fallbackUrl ?? fail('LIVEKIT_WS_URL is neither in the secret nor in the environment'));
  if (server === undefined) return fail(`LIVEKIT_WS_URL in the secret should be ${liveKitUrlRule}`);
  if (!server.isLoopback) {
    if (apiKey === 'devkey' && apiSecret === 'secret') {
      fail(
        "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are LiveKit's development pair, which is for loopback only",
      );
    }
    if (apiSecret.length < shortestApiSecret) {
      fail(`LIVEKIT_API_SECRET should have at least ${shortestApiSecret} characters`);
    }
  }
  return { apiKey, apiSecret, serverUrl: server.url };
}

/** The secret's fields that have a value: `null` and `""` count as absent. */
function parseFields(secret: string | undefined): Map<string, unknown> {
  if (secret === undefined) return fail('it has no SecretString: it should be a JSON object');
  let value: unknown;
  try {
    value = JSON.parse(secret);
  } catch {
    // The parser's message quotes the text, which is the secret.
    return fail('it is not JSON: it should be a JSON object');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail('it should be a JSON object');
  return new Map(Object.entries(value).filter(([, field]) => field !== null && field !== ''));
}

function requireText(fields: Map<string, unknown>, name: string): string {
  const value = fields.get(name);
  if (value === undefined) return fail(`${name} is missing`);
  if (typeof value !== 'string') return fail(`${name} should be a string`);
  // With a line break at the end, which `echo` adds, no server would accept the tokens.
  if (/\s/.test(value)) return fail(`${name} should have no white space`);
  return value;
}

function fail(fault: string): never {
  throw new UnusableCredentials(`The LiveKit secret can't be used: ${fault}.`);
}
