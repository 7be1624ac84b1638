import * as v from 'valibot';
import { type ClubId, clubIdSchema, withoutRoomPrefix } from './club.ts';
import type { ClaimNames } from './config.ts';
import type { Role } from './contract.ts';
import { Problem } from './problem.ts';
import type { Claims } from './reader.ts';

/**
 * The role in which the reader may enter the club's meeting: what moderating allows wins over what listening restricts, and
 * that over membership. Without a `clubs` claim everybody is at least a member.
 *
 * A claim that is present and can't be read lists nothing, and the listeners' claim restricts nevertheless: whoever would be a
 * member is a listener then.
 *
 * @param onUnreadable told the name of each such claim
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
 * The clubs that a claim lists, in one of the two forms in which the gateway hands over claims: `[a b c]` for an array,
 * where an element that is no id (bare or after `reading-club-`) lists nothing; and a bare id. `undefined` for any other
 * form: there is no guessing at JSON, commas or braces, since a wrong guess would let somebody into a meeting.
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

/** What stands in no id: inside the brackets it shows JSON, a nested array, an object or a comma list. */
const otherForm = /[[\]{}",]/;

function clubNamed(element: string): ClubId | undefined {
  const id = v.safeParse(clubIdSchema, withoutRoomPrefix(element));
  return id.success ? id.output : undefined;
}
