/** A LiveKit server's URL, in the form that clients use. */
export interface LiveKitUrl {
  /** With the scheme `wss:`, or `ws:` on loopback, and without a trailing slash. */
  url: string;
  /** Whether the host is this machine itself: only there is an unencrypted or unsafe setup acceptable. */
  isLoopback: boolean;
}

/** What a LiveKit URL should be, for error messages. */
export const liveKitUrlRule =
  'a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path';

const secureSchemes = new Set(['wss:', 'https:']);
const loopbackSchemes = new Set(['ws:', 'http:']);

/**
 * Reads a LiveKit server's URL; `undefined` if it breaks `liveKitUrlRule`. User info, query and fragment are refused,
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

/** Whether `hostname`, in the URL parser's form (lower case, IPv4 dotted, IPv6 in brackets), means this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
