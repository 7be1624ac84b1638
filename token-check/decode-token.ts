/** A token's parts, decoded as LiveKit's server decodes them before it looks up the key. */
import * as v from 'valibot';
import { jsonObject, RegisteredClaims } from './livekit-claims.ts';

export type DecodedToken = ReturnType<typeof decodeToken>;

/** Why the server can't read the token at all, in one line, and the claims that are to blame. */
export class UnreadableToken extends Error {
  override readonly name = 'UnreadableToken';
  readonly issues: readonly v.BaseIssue<unknown>[];

  constructor(message: string, issues: readonly v.BaseIssue<unknown>[] = []) {
    super(message);
    this.issues = issues;
  }
}

const Header = v.object({ alg: v.string() });

/** The algorithms of golang-jwt: with one of them a token is read, and refused later. */
const knownAlgorithm = /^(none|EdDSA|(HS|RS|PS|ES)(256|384|512))$/;

const Payload = v.nullable(jsonObject);

/** @throws {UnreadableToken} for what LiveKit answers with `invalid authorization token` */
export function decodeToken(token: string) {
  const parts = token.split('.');
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3) {
    throw new UnreadableToken(`a JWT has three parts with dots between them, this has ${parts.length}`);
  }
  const header = v.safeParse(Header, parse(head, 'header'));
  if (!header.success) throw new UnreadableToken('its header names no algorithm');
  const algorithm = header.output.alg;
  if (!knownAlgorithm.test(algorithm)) throw new UnreadableToken('its algorithm does not exist');

  const payload = v.safeParse(Payload, parse(body, 'claims'));
  if (!payload.success) throw new UnreadableToken('its claims are not a JSON object');
  const claims = v.safeParse(RegisteredClaims, payload.output ?? {});
  if (!claims.success) throw new UnreadableToken('a claim is of the wrong type', claims.issues);
  return {
    /** One of the algorithms that the server knows by name. It accepts only HS256. */
    algorithm,
    claims: claims.output,
    /** The claims as they were signed. */
    payload: payload.output ?? {},
    /** The text that is signed. */
    signed: `${head}.${body}`,
    signature: bytesOf(signature, 'signature'),
  };
}

function parse(part: string, what: string): unknown {
  const bytes = bytesOf(part, what);
  try {
    return JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  } catch {
    throw new UnreadableToken(`its ${what} is not JSON: it was cut off or changed`);
  }
}

function bytesOf(part: string, what: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]*$/.test(part) || part.length % 4 === 1) {
    throw new UnreadableToken(`its ${what} can't be decoded: it was cut off or changed`);
  }
  return Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  );
}

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
