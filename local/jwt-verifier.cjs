// @ts-check
/**
 * The checks of API Gateway's JWT authorizer, in the same order and as strict: only RSA signatures, a `kid` from the issuer's key
 * set, exactly the same `iss`, `aud` or, without it, `client_id`, `exp`, `nbf` and `iat` without leeway, and the scopes.
 */
const { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } = require('jose');
const v = require('valibot');

const discoverySchema = v.object({ jwks_uri: v.string() });

/** How long API Gateway keeps the issuer's keys. */
const keysMaxAgeMs = 2 * 60 * 60 * 1000;

/**
 * @typedef {object} Authorizer
 * @property {string} issuer exactly as in `iss`; its discovery document names the key set
 * @property {readonly string[]} audience the accepted values of `aud`, or of `client_id` in a token without `aud`
 */

/**
 * @typedef {import('jose').JWTPayload} Claims
 * @typedef {{ claims: Claims, scopes: string[] | null }} Admission `scopes` is null on a route that asks for none
 * @typedef {{ status: 401, description: string } | { status: 403 }} Refusal
 */

/**
 * @param {Authorizer} authorizer
 * @returns a function that checks one token, for a route that requires one of `routeScopes` (an empty list requires none).
 */
function createJwtVerifier({ issuer, audience }) {
  /** @type {ReturnType<typeof createRemoteJWKSet> | undefined} */
  let keySet;

  /** Discovered at the first token, and again at the next one if that failed. */
  const discoverKeySet = async () => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const { jwks_uri: uri } = v.parse(discoverySchema, await response.json());
    return createRemoteJWKSet(new URL(uri), { cacheMaxAge: keysMaxAgeMs });
  };

  /**
   * @param {string} token
   * @param {readonly string[]} [routeScopes]
   * @param {Date} [now]
   * @returns {Promise<Admission | Refusal>}
   */
  return async (token, routeScopes = [], now = new Date()) => {
    /** @type {Claims} */
    let claims;
    try {
      if (!decodeProtectedHeader(token).kid) return unauthorized('the token has no key id');
      try {
        keySet ??= await discoverKeySet();
      } catch {
        return unauthorized('OIDC discovery endpoint communication error');
      }
      const verified = await jwtVerify(token, keySet, {
        algorithms: ['RS256', 'RS384', 'RS512'],
        issuer,
        requiredClaims: ['exp'],
        currentDate: now,
      });
      claims = verified.payload;
    } catch (error) {
      return unauthorized(describe(error));
    }
    if (claims.iat !== undefined && claims.iat > Math.floor(now.getTime() / 1000)) {
      return unauthorized('the token was issued in the future');
    }
    if (!audiencesOf(claims).some((value) => audience.includes(value))) {
      return unauthorized('the token does not have a valid audience');
    }
    const scopes = scopesOf(claims);
    if (routeScopes.length === 0) return { claims, scopes: null };
    return scopes.some((scope) => routeScopes.includes(scope)) ? { claims, scopes } : { status: 403 };
  };
}

/**
 * @param {Claims} claims
 * @returns {string[]}
 */
function audiencesOf({ aud, client_id: clientId }) {
  if (aud !== undefined) return [aud].flat();
  return typeof clientId === 'string' ? [clientId] : [];
}

/**
 * @param {Claims} claims
 * @returns {string[]}
 */
function scopesOf({ scope, scp }) {
  const lists = [scope, scp].flat();
  return lists.flatMap((list) => (typeof list === 'string' ? list.split(' ') : []));
}

/**
 * @param {string} description
 * @returns {Refusal}
 */
function unauthorized(description) {
  return { status: 401, description };
}

/** @param {unknown} error of jose; nothing in the answer comes from the token. */
function describe(error) {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token does not have a valid ${error.claim}`;
  if (error instanceof errors.JWKSNoMatchingKey) return "the token's key is not one of the issuer's";
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature is invalid';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the signing algorithm is not RSA';
  return 'the token is malformed';
}

module.exports = { createJwtVerifier };
