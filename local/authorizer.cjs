// @ts-check
/**
 * The JWT authorizer on a laptop, in place of API Gateway's on AWS. serverless-offline itself would verify no signature; it calls
 * this hook (`custom.offline.customAuthenticationProvider`) for each route.
 *
 * `npm start` sets AUTHORIZER_ISSUER and AUTHORIZER_AUDIENCE (comma-separated) to what it deploys to serverless-offline
 * as the parameters `issuer` and `audience`. Without them nothing starts: an API without authorization would let everyone in.
 * AUTHORIZER_FAULT (see `GatewayFault` in api.ts) shows a front end what the gateway does on a bad day.
 */
const process = require('node:process');
const { setTimeout: delay } = require('node:timers/promises');
const { refuseOtherHost } = require('../stand-ins/loopback-host.cjs');
const { flattenClaims } = require('./flatten-claims.cjs');
const { createJwtVerifier } = require('./jwt-verifier.cjs');

/** serverless-offline reads an event's `requestContext.authorizer` from this header, even if the client sent it. */
const overrideHeader = 'sls-offline-authorizer-override';

const verify = createJwtVerifier({
  issuer: required('AUTHORIZER_ISSUER'),
  audience: required('AUTHORIZER_AUDIENCE').split(','),
});

const fault = process.env['AUTHORIZER_FAULT'];

/**
 * The parts of hapi's request and toolkit that are used here.
 *
 * @typedef {object} Request
 * @property {{ authorization?: string }} headers
 * @property {{ req: { rawHeaders: string[] } }} raw
 *
 * @typedef {object} Response
 * @property {(status: number) => Response} code
 * @property {(name: string, value: string) => Response} header
 * @property {() => unknown} takeover
 *
 * @typedef {object} Toolkit
 * @property {(data: { credentials: object }) => unknown} authenticated
 * @property {(body: object) => Response} response
 *
 * @typedef {object} Server
 * @property {(event: 'onRequest', extension: OnRequest) => void} ext
 *
 * @callback OnRequest
 * @param {{ raw: { req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse } }} request
 * @param {{ abandon: symbol, continue: symbol }} h `abandon` where the extension has answered by itself
 * @returns {symbol}
 */

/** The servers that refuse other hosts already: the hook is called once for each route. @type {WeakSet<Server>} */
const guarded = new WeakSet();

/**
 * @param {{ authorizer?: string | { scopes?: string[] } }} endpoint the route's event in serverless.yml
 * @param {string} functionKey
 * @param {string} method
 * @param {string} path
 */
function authorizerOf({ authorizer }, functionKey, method, path) {
  const name = `jwt ${functionKey} ${method} ${path}`;
  const routeScopes = (typeof authorizer === 'object' && authorizer.scopes) || [];

  /**
   * @param {Request} request
   * @param {Toolkit} h
   */
  const authenticate = async (request, h) => {
    if (fault === '429') return refuse(h, 429, 'Too Many Requests');
    if (fault === 'slow') await delay(10_000);
    if (!authorizer) return admit(request, h, {});
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    if (!token) return refuse(h, 401, 'Unauthorized', 'Bearer');

    const verdict = await verify(token, routeScopes);
    if ('claims' in verdict) {
      return admit(request, h, { jwt: { claims: flattenClaims(verdict.claims), scopes: verdict.scopes } });
    }
    if (verdict.status === 403) return refuse(h, 403, 'Forbidden');
    const challenge = `Bearer scope="" error="invalid_token" error_description="${verdict.description}"`;
    return refuse(h, 401, 'Unauthorized', challenge);
  };

  /** @param {Server} server */
  const getAuthenticateFunction = (server) => {
    refuseOtherHosts(server);
    return { authenticate };
  };
  return { name, scheme: name, getAuthenticateFunction };
}

/**
 * Refuses requests to other hosts before routing, so preflights and unknown paths are refused too.
 *
 * @param {Server} server
 */
function refuseOtherHosts(server) {
  if (guarded.has(server)) return;
  guarded.add(server);
  server.ext('onRequest', ({ raw: { req, res } }, h) => (refuseOtherHost(req, res) ? h.abandon : h.continue));
}

/**
 * Sets the event's `requestContext.authorizer`, and removes what the client sent in that header.
 *
 * @param {Request} request
 * @param {Toolkit} h
 * @param {object} authorizer
 */
function admit({ raw: { req } }, h, authorizer) {
  const kept = req.rawHeaders.flatMap((name, index, all) =>
    index % 2 === 0 && name.toLowerCase() !== overrideHeader ? [name, all[index + 1] ?? ''] : [],
  );
  req.rawHeaders = [...kept, overrideHeader, JSON.stringify(authorizer)];
  return h.authenticated({ credentials: {} });
}

/**
 * @param {Toolkit} h
 * @param {number} status
 * @param {string} message
 * @param {string} [challenge]
 */
function refuse(h, status, message, challenge) {
  const response = h.response({ message }).code(status);
  if (challenge) response.header('www-authenticate', challenge);
  return response.takeover();
}

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  if (value) return value;
  // Not thrown: the CLI would report the error but keep running, with an open port on which the function accepts any event.
  console.error(`${name} is not set, so no token can be verified: start the API with npm start.`);
  process.exit(1);
}

module.exports = authorizerOf;
