import * as v from 'valibot';
import { participantNameSchema } from './participant-name.ts';
import { Problem } from './problem.ts';

/** The claims of the reader's JWT, as the gateway verified them: all strings, but nothing here relies on that. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who asks. */
export interface Reader {
  /** The verified `sub`, and so the participant's identity. */
  id: string;
  /** Every claim of the verified JWT. */
  claims: Claims;
  /** The `name` claim, if it makes a display name, else the id. */
  name: string;
}

/** LiveKit's limit for an identity, in bytes of UTF-8. */
const longestId = 256;

/** @throws {Problem} `unauthenticated` without a `sub` of 1 to 256 bytes: the authorizer should have stopped it. */
export function readerFrom(claims: Claims | null | undefined): Reader {
  if (claims == null) throw unauthenticated();
  const id = claims['sub'];
  // Ill-formed text has no UTF-8: encoding would make two readers one.
  if (typeof id !== 'string' || !id.isWellFormed() || id === '' || Buffer.byteLength(id) > longestId) {
    throw unauthenticated();
  }
  const name = v.safeParse(participantNameSchema, claims['name']);
  return { id, claims, name: name.success ? name.output : id };
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Sign in to join the meeting.');
}
