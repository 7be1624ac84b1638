// @ts-check
/**
 * Servers on loopback answer to loopback's own names alone. A web page whose name was changed to mean 127.0.0.1 (DNS
 * rebinding) could send requests from a browser on this machine and read the answers; but its name is then the `Host`.
 */

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * Whether this host, with or without a port, is a name of loopback: `localhost`, `127.0.0.1` or `[::1]`.
 *
 * @param {string} host
 */
function isOwnHost(host) {
  return loopbackHost.test(host);
}

/**
 * Answers a request to any other host with 421 (Misdirected Request) and the reason.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @returns {boolean} whether it was refused, and so answered
 */
function refuseOtherHost({ headers }, response) {
  if (isOwnHost(headers.host ?? '')) return false;
  response.writeHead(421, { 'content-type': 'text/plain', 'cache-control': 'no-store', connection: 'close' });
  response.end(
    'This server answers only where the host is localhost, 127.0.0.1 or [::1]: under any other name it could be reached by web pages (DNS rebinding).\n',
  );
  return true;
}

module.exports = { isOwnHost, refuseOtherHost };
