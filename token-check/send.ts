/** Sends one request from outside, and says in plain words why no answer came. */
import { redact } from './find-token.ts';

/** How long one request may take, in milliseconds: longer than the function's own limit and a cold start. */
const timeoutMs = 20_000;

export interface Reply {
  status: number;
  headers: Headers;
  /** The body, unchanged: it may contain a token. */
  text: string;
}

/** No answer came; `code` is stable, and the message says why. */
export class Unreached extends Error {
  override readonly name = 'Unreached';
  readonly code: 'unknown-host' | 'refused' | 'tls' | 'timeout' | 'unreachable';
  readonly remedy: string;

  constructor(code: Unreached['code'], message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/**
 * Sends a request. It does not follow a redirect, which would send the token to another host, but returns it as the answer.
 *
 * @throws {Unreached}
 */
export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...init, redirect: 'manual', signal });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw unreached(error, new URL(url));
  }
}

function unreached(error: unknown, { host, hostname, protocol }: URL): Unreached {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new Unreached('timeout', `${host} did not answer within ${timeoutMs / 1000} s`, network);
  }
  const { code, message } = causeOf(error);
  if (/^(ENOTFOUND|EAI_)/.test(code)) {
    return new Unreached('unknown-host', `there is no host ${hostname}`, 'Check the URL’s spelling.');
  }
  if (code === 'ECONNREFUSED') {
    return new Unreached(
      'refused',
      `nothing listens at ${host}`,
      'Check host and port, and whether the server runs.',
    );
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    const remedy = /SSL|EPROTO/.test(code)
      ? `Check that ${host} speaks TLS, and not plain ${protocol.replace('s:', '')}.`
      : `Give ${host} a valid certificate for its name, from a known authority: browsers need it too.`;
    return new Unreached('tls', `TLS with ${host} failed: ${redact(message)}`, remedy);
  }
  if (/TIMEOUT/.test(code)) return new Unreached('timeout', `${host} does not answer`, network);
  return new Unreached('unreachable', `${host} can't be reached: ${redact(message)}`, network);
}

const network = 'Check the URL, the network and the firewalls.';

/** The cause is nested in the error of `fetch`. */
function causeOf(error: unknown): { code: string; message: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { code: '', message: String(cause) };
  return { code: 'code' in cause ? String(cause.code) : '', message: cause.message };
}
