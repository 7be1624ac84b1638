import * as v from 'valibot';
import { participantNameSchema } from './participant-name.ts';
import { Problem } from './problem.ts';

/** The claims of the reader's JWT, verified by the gateway: all are strings, but no code here relies on that. */
export type Claims = Readonly<Record<string, unknown>>;

/** The person who sends the request. */
export interface Reader {
  /** The verified `sub`, which is also the participant's identity. */
  id: string;
  /** Every claim of the verified JWT. */
  claims: Claims;
  /** The `name` claim if it is a valid display name, else the id. */
  name: string;
}

/** LiveKit's limit for an identity, in bytes of UTF-8. */
const longestId = 256;

/** @throws {Problem} `unauthenticated` without a `sub` of 1 to 256 bytes: the authorizer should have refused such a request. */
export function readerFrom(claims: Claims | null | undefined): Reader {
  if (claims == null) throw unauthenticated();
  const id = claims['sub'];
  // Ill-formed text has no UTF-8: encoding could give two readers the same identity.
  if (typeof id !== 'string' || !id.isWellFormed() || id === '' || Buffer.byteLength(id) > longestId) {
    throw unauthenticated();
  }
  const name = v.safeParse(participantNameSchema, claims['name']);
  return { id, claims, name: name.success ? name.output : id };
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Sign in to join the meeting.');
}
