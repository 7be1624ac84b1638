import type { DecodedToken } from './decode-token.ts';

/** Whether the signature was made with this API secret, by the HMAC that the token names; `undefined` if it names another. */
export async function isSignedWith(
  apiSecret: string,
  { algorithm, signed, signature }: DecodedToken,
): Promise<boolean | undefined> {
  if (!algorithm.startsWith('HS')) return undefined;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const hmac = { name: 'HMAC', hash: algorithm.replace('HS', 'SHA-') };
  const key = await crypto.subtle.importKey('raw', bytes(apiSecret), hmac, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, signature, bytes(signed));
}
