import * as v from 'valibot';
import { type ClubId, clubIdSchema, withoutRoomPrefix } from './club.ts';
import type { ClaimNames } from './config.ts';
import type { Role } from './contract.ts';
import { Problem } from './problem.ts';
import type { Claims } from './reader.ts';

/**
 * The reader's role in the club's meeting. The claim for moderators is applied first, then the one for listeners, then the one
 * for members. If no claim for members is configured, every reader is at least a member.
 *
 * A claim that is present but unreadable lists no clubs. An unreadable claim for listeners still restricts: a reader who would
 * be a member becomes a listener.
 *
 * @param onUnreadable called with the name of each unreadable claim
 * @throws {Problem} `not_a_member`, in the same words whether or not there is such a club
 */
export function roleIn(
  club: ClubId,
  claims: Claims,
  names: ClaimNames,
  onUnreadable: (claimName: string) => void,
): Role {
  /** `undefined` where the club is not listed. */
  const search = (claimName: string | undefined): 'listed' | 'unreadable' | undefined => {
    if (claimName === undefined || !Object.hasOwn(claims, claimName)) return undefined;
    const clubs = clubsListedIn(claims[claimName]);
    if (clubs !== undefined) return clubs.has(club) ? 'listed' : undefined;
    onUnreadable(claimName);
    return 'unreadable';
  };
  if (search(names.moderatedClubs) === 'listed') return 'moderator';
  const restriction = search(names.listeners);
  if (restriction === 'listed') return 'listener';
  if (names.clubs === undefined || search(names.clubs) === 'listed') {
    return restriction === 'unreadable' ? 'listener' : 'member';
  }
  throw new Problem('not_a_member', 'You are not a member of this reading club.');
}

/**
 * The clubs that a claim lists. The gateway passes claims in one of two forms: `[a b c]` for an array, or a bare id. Each id may
 * have the prefix `reading-club-`. An element of an array that is not an id is ignored. For any other form the result is `undefined`:
 * guessing at JSON, commas or braces could let the wrong reader into a meeting.
 */
export function clubsListedIn(claim: unknown): ReadonlySet<ClubId> | undefined {
  if (typeof claim !== 'string') return undefined;
  const array = /^\[(.*)\]$/s.exec(claim)?.[1];
  if (array === undefined) {
    const club = clubNamed(claim);
    return club === undefined ? undefined : new Set([club]);
  }
  if (otherForm.test(array)) return undefined;
  return new Set(array.split(' ').flatMap((element) => clubNamed(element) ?? []));
}

/** Characters that no id contains: inside the brackets they show JSON, a nested array, an object or a comma list. */
const otherForm = /[[\]{}",]/;

function clubNamed(element: string): ClubId | undefined {
  const id = v.safeParse(clubIdSchema, withoutRoomPrefix(element));
  return id.success ? id.output : undefined;
}
