import * as v from 'valibot';
import type { Role } from './contract.ts';
import { participantNameSchema } from './participant-name.ts';
import { Problem } from './problem.ts';

/** The names of the claims that are read. */
export interface ClaimNames {
  /** The claim with the reader's id. */
  identity: string;
  /** The claim with the display name. */
  name: string;
  /** The claims that list clubs, by the role in them; without a name the list is off. */
  clubs: { readonly [role in Role]?: string | undefined };
  /** What an element of these lists starts with where it names a club; `undefined`: the bare id, or `reading-club-<id>`. */
  clubsPrefix: string | undefined;
}

/** The claims of the reader's JWT, verified by the gateway: all are strings, but no code here relies on that. */
export type Claims = Readonly<Record<string, unknown>>;

/** Names of claims, for the log. */
export interface ClaimFacts {
  /** They are present but can't be read. */
  unreadable_claims?: string[];
  /** They are not in the JWT, and the request was refused. */
  absent_claims?: string[];
  /** They don't list the club, and the request was refused. */
  claims_without_club?: string[];
}

/** The person who sends the request. */
export interface Reader {
  /** The verified identity claim, which is also the participant's identity. */
  id: string;
  /** Every claim of the verified JWT. */
  claims: Claims;
  /** The name claim if it is a valid display name, else the id. */
  name: string;
}

/** LiveKit's limit for an identity, in bytes of UTF-8. */
const longestId = 256;

/** What the gateway, or the issuer, makes of an array, an object or null: readers could share it, or choose a part of it. */
const notAnId = /^(?:(?:map)?\[.*\]|\{.*\}|<nil>|null)$/s;

/**
 * @param facts gets the name of an identity claim that is absent or can't be read
 * @throws {Problem} `unauthenticated` without an identity claim of 1 to 256 bytes: no other claim stands in for it
 */
export function readerFrom(
  claims: Claims | null | undefined,
  names: Pick<ClaimNames, 'identity' | 'name'>,
  facts: ClaimFacts,
): Reader {
  const signed = claims ?? {};
  const id = signed[names.identity];
  if (!isId(id)) {
    facts[id === undefined ? 'absent_claims' : 'unreadable_claims'] = [names.identity];
    throw new Problem('unauthenticated', 'Sign in to join the meeting.');
  }
  const name = v.safeParse(participantNameSchema, signed[names.name]);
  return { id, claims: signed, name: name.success ? name.output : id };
}

function isId(claim: unknown): claim is string {
  // Ill-formed text has no UTF-8: encoding could give two readers the same identity.
  if (typeof claim !== 'string' || !claim.isWellFormed() || notAnId.test(claim)) return false;
  return claim !== '' && Buffer.byteLength(claim) <= longestId;
}
