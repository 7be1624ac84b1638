/** A reader without a browser: signs in at the issuer, asks the endpoint, reads the answer. */
import { decodeJwt, type JWTPayload, SignJWT } from 'jose';
import * as v from 'valibot';
import { inject } from 'vitest';
import { tokenAnswerSchema } from '../../../token-check/token-answer.ts';
import { apiSecret } from '../../support/tokens.ts';

const { issuerUrl, tokenEndpoint } = inject('stack');

export interface Reader {
  sub: string;
  name: string;
  /** Lists of clubs, by claim. */
  clubs: Record<string, string[]>;
}

/** The reader's own JWT. */
export async function signIn({ sub, name, clubs }: Reader): Promise<string> {
  const query = new URLSearchParams({ sub, name });
  for (const [claim, ids] of Object.entries(clubs)) {
    for (const id of [...ids, '']) query.append(claim, id);
  }
  const response = await fetch(`${issuerUrl}/token?${query}`, { headers: { accept: 'application/jwt' } });
  return response.text();
}

/** A meeting token for the club, from the real endpoint. */
export async function meetingToken(reader: Reader, club: string): Promise<string> {
  return (await meetingAnswer(reader, club)).participant_token;
}

/** The real endpoint's answer; throws it when it is not 200. */
export async function meetingAnswer(reader: Reader, club: string) {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${await signIn(reader)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reading_club_id: club }),
  });
  const body: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return v.parse(tokenAnswerSchema, body);
}

/** The same token with some claims changed (`undefined` drops one), signed again. */
export function resign(token: string, changes: JWTPayload, secret: string = apiSecret): Promise<string> {
  return new SignJWT({ ...decodeJwt(token), ...changes })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** The claims that a function reads whose variables name no others. */
export const usualClaims = { identity: 'sub', name: 'name', clubs: {} };
