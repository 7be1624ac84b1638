/**
 * An OpenID Connect issuer for development: any caller gets a token for any reader. Its keys are made at start and
 * kept nowhere, so only this laptop's own API accepts what it signs.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { serveOnLoopback } from './listen-on-loopback.ts';
import { isOwnHost, refuseOtherHost } from './loopback-host.cjs';

/** The audience of every token that does not ask for another one. */
export const audience = 'booky';

/** A JWT's payload; `undefined` leaves out a claim that would have a default. */
export type Claims = Readonly<Record<string, unknown>>;

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/** A request that can't be granted; the message is for the person who wrote it. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export interface IssuerOptions {
  /** 0 lets the system choose a free one. */
  port: number;
  /** Signs access tokens as Cognito does: `client_id` and `scope`, no `aud`, and no `name` even if asked for. */
  accessTokens?: boolean;
  /** Seconds that a token lives unless it asks for another `exp`; below 0 it has expired. */
  lifetime?: number;
}

/**
 * Starts the issuer on 127.0.0.1.
 *
 * @throws the error of `listen`, `EADDRINUSE` for instance.
 */
export async function startIssuer(options: IssuerOptions) {
  const { accessTokens = false, lifetime = 3_600 } = options;
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const kid = crypto.randomUUID();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };

  /** Signs these claims, over the defaults of `iss`, `aud`, `iat` and `exp`. */
  const issueToken = (claims: Claims) => {
    const now = Math.floor(Date.now() / 1000);
    const accessClaims = { client_id: audience, token_use: 'access', scope: 'openid' };
    const payload = {
      ...(accessTokens ? accessClaims : { aud: audience }),
      ...{ iss: url, iat: now, exp: now + lifetime, ...claims },
      ...(accessTokens && { name: undefined }),
    };
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(privateKey);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    allowLocalPages(request, response);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (request.method !== 'GET') return sendJson(response, 405, { error: 'Only GET is allowed.' });

    switch (pathname) {
      case '/.well-known/openid-configuration':
        return sendJson(response, 200, {
          issuer: url,
          jwks_uri: `${url}/jwks`,
          token_endpoint: `${url}/token`,
          id_token_signing_alg_values_supported: ['RS256'],
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
        });
      case '/jwks':
        return sendJson(response, 200, { keys: [jwk] });
      case '/token': {
        const token = await issueToken(parseClaims(searchParams));
        if (request.headers.accept === 'application/jwt') {
          response.writeHead(200, { 'content-type': 'application/jwt', 'cache-control': 'no-store' });
          return response.end(token);
        }
        return sendJson(response, 200, { access_token: token, token_type: 'Bearer' });
      }
      default:
        return sendJson(response, 404, {
          error: 'No such path: there are /token?sub=…, /jwks and /.well-known/openid-configuration.',
        });
    }
  };

  const server = createServer((request, response) => {
    if (refuseOtherHost(request, response)) return;
    answer(request, response).catch((error: unknown) => {
      if (error instanceof BadRequest) sendJson(response, 400, { error: error.message });
      else sendJson(response, 500, { error: 'The issuer failed.' });
    });
  });
  const { port, close } = await serveOnLoopback(server, options.port);
  /** The issuer's identifier, as in `iss`, and where it listens. */
  const url = `http://localhost:${port}`;
  // The key is for tests that forge.
  return { url, issueToken, privateKey, publicKey, kid, close };
}

/** These are seconds since 1970, where every other claim is text. */
const numericClaims = new Set(['exp', 'nbf', 'iat']);

/** These have one value: nothing verifies a token with several. */
const singleClaims = new Set(['sub', 'iss', ...numericClaims]);

/**
 * The claims that a query asks for, each parameter one claim. A parameter given several times becomes an array, and empty
 * values count for nothing: so `aud=` leaves out the audience, and `clubs=42&clubs=` is an array of one.
 *
 * @throws {BadRequest} saying which parameter is at fault.
 */
function parseClaims(query: URLSearchParams): Claims {
  const claims = Object.fromEntries(
    [...new Set(query.keys())].map((name) => [name, parseClaim(query, name)]),
  );
  if (claims['sub'] === undefined) {
    throw new BadRequest('The parameter sub is missing: /token?sub=user-001&name=Ana');
  }
  return claims;
}

function parseClaim(query: URLSearchParams, name: string): unknown {
  const all = query.getAll(name);
  const [value, ...more] = all.filter((text) => text !== '');
  if (all.length > 1) {
    if (singleClaims.has(name)) throw new BadRequest(`The parameter ${name} is given more than once.`);
    return value === undefined ? [] : [value, ...more];
  }
  if (value === undefined || !numericClaims.has(name)) return value;
  if (!/^\d{1,15}$/.test(value)) {
    throw new BadRequest(`The parameter ${name} is not a number of seconds since 1970.`);
  }
  return Number(value);
}

/** Pages of this machine, whatever their port, may ask from a browser; those of the web get no token to read. */
function allowLocalPages({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('vary', 'origin');
  const [, host] = /^http:\/\/(.*)$/.exec(origin ?? '') ?? [];
  if (origin === undefined || host === undefined || !isOwnHost(host)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'GET');
  response.setHeader('access-control-allow-headers', 'accept,content-type');
}

function sendJson(response: ServerResponse, status: number, body: object): ServerResponse {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  return response.end(JSON.stringify(body));
}
