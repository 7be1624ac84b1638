import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';

/** What a JWT says of itself, unverified; `undefined` for what is none. */
export function readJwt(jwt: string): { claims: JWTPayload; algorithm: string } | undefined {
  try {
    return { claims: decodeJwt(jwt), algorithm: decodeProtectedHeader(jwt).alg ?? 'nothing' };
  } catch {
    return undefined;
  }
}
