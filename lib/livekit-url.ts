/** Where a LiveKit server is reached, as clients want it. */
export interface LiveKitUrl {
  /** With the scheme `wss:`, or `ws:` on loopback, and without a trailing slash. */
  url: string;
  /** Whether the host is this machine itself: only there is an unencrypted or unsafe setup acceptable. */
  isLoopback: boolean;
}

/** What a LiveKit URL should be, for the messages of those who refuse one. */
export const liveKitUrlRule =
  'a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path';

const secureSchemes = new Set(['wss:', 'https:']);
const loopbackSchemes = new Set(['ws:', 'http:']);

/**
 * Reads a LiveKit server's URL; `undefined` where it breaks `liveKitUrlRule`. User info, query and fragment are refused,
 * because every reader is told the URL.
 */
export function parseLiveKitUrl(text: string): LiveKitUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  if (parsed.username || parsed.password || parsed.search || parsed.hash) return undefined;
  const { protocol, host, hostname, pathname } = parsed;
  const isLoopback = isLoopbackHost(hostname);
  const isSecure = secureSchemes.has(protocol);
  if (!isSecure && !(isLoopback && loopbackSchemes.has(protocol))) return undefined;
  return { url: `${isSecure ? 'wss:' : 'ws:'}//${host}${pathname.replace(/\/+$/, '')}`, isLoopback };
}

/** Whether this is the machine itself. `hostname` as the URL parser leaves it: lower case, IPv4 in dotted form, IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
