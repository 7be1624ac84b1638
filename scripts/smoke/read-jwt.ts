import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';

/** The claims of a JWT, not verified; `undefined` for text that is not a JWT. */
export function readJwt(jwt: string): { claims: JWTPayload; algorithm: string } | undefined {
  try {
    return { claims: decodeJwt(jwt), algorithm: decodeProtectedHeader(jwt).alg ?? 'nothing' };
  } catch {
    return undefined;
  }
}
