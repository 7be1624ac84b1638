import type { DecodedToken } from './decode-token.ts';

/** Whether the HS256 signature was made with this API secret. */
export async function isSignedWith(apiSecret: string, { signed, signature }: DecodedToken): Promise<boolean> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes(apiSecret), algorithm, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, signature, bytes(signed));
}
