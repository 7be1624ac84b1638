import * as v from 'valibot';
import { type ClubId, clubIdSchema, withoutRoomPrefix } from './club.ts';
import { type Role, roles } from './contract.ts';
import { Problem } from './problem.ts';
import type { ClaimFacts, ClaimNames, Claims } from './reader.ts';

/**
 * The reader's role in the club's meeting: the first whose claim lists the club. If no claim for members is configured, every
 * reader is at least a member.
 *
 * A claim that is present but unreadable lists no clubs. An unreadable claim for listeners still restricts: a reader with a role
 * that comes after, a member, becomes a listener.
 *
 * @param facts gets the name of each unreadable claim, and where the reader is refused, of the others that were searched
 * @throws {Problem} `not_a_member`, in the same words whether or not there is such a club
 */
export function roleIn(
  club: ClubId,
  claims: Claims,
  { clubs: names, clubsPrefix }: Pick<ClaimNames, 'clubs' | 'clubsPrefix'>,
  facts: ClaimFacts,
): Role {
  const refusal: ClaimFacts = {};
  /** `undefined` where the club is not listed. */
  const search = (role: Role): 'listed' | 'unreadable' | undefined => {
    const claimName = names[role];
    if (claimName === undefined) return role === 'member' ? 'listed' : undefined;
    if (!Object.hasOwn(claims, claimName)) {
      add(refusal, 'absent_claims', claimName);
      return undefined;
    }
    const clubs = clubsListedIn(claims[claimName], {
      prefix: clubsPrefix,
      isRestriction: role === 'listener',
    });
    if (clubs?.has(club)) return 'listed';
    if (clubs === undefined) {
      add(facts, 'unreadable_claims', claimName);
      return 'unreadable';
    }
    add(refusal, 'claims_without_club', claimName);
    return undefined;
  };
  let isRestricted = false;
  for (const role of roles) {
    const found = search(role);
    if (found === 'listed') return isRestricted ? 'listener' : role;
    isRestricted ||= role === 'listener' && found === 'unreadable';
  }
  Object.assign(facts, refusal);
  throw new Problem('not_a_member', 'You are not a member of this reading club.');
}

function add(facts: ClaimFacts, kind: keyof ClaimFacts, claimName: string): void {
  facts[kind] = [...(facts[kind] ?? []), claimName];
}

/**
 * The clubs that a claim lists. The gateway passes claims in one of two forms: `[a b c]` for an array, or one bare element. With
 * a prefix, an element that does not start with it names no club. Without one, an element is an id, or `reading-club-` and an id.
 *
 * The result is `undefined` for any other form, because guessing at JSON, commas or braces could let the wrong reader into a
 * meeting. It is `undefined` too if an element should name a club and does not, and stands alone or in a restriction. In other
 * arrays such an element is ignored.
 */
export function clubsListedIn(
  claim: unknown,
  { prefix, isRestriction }: { prefix: string | undefined; isRestriction: boolean },
): ReadonlySet<ClubId> | undefined {
  if (typeof claim !== 'string') return undefined;
  const array = /^\[(.*)\]$/s.exec(claim)?.[1];
  if (array === '') return new Set();
  if (otherForm.test(array ?? claim) || (array === undefined && !oneWord.test(claim))) return undefined;
  const elements = array === undefined ? [claim] : array.split(' ');
  const named = elements.filter((element) => element.startsWith(prefix ?? ''));
  const clubs = named.flatMap((element) => clubNamed(element, prefix) ?? []);
  const isStrict = isRestriction || array === undefined;
  return isStrict && clubs.length < named.length ? undefined : new Set(clubs);
}

/** Characters that no id contains: inside the brackets they show JSON, a nested array, an object or a comma list. */
const otherForm = /[[\]{}",]/;
const oneWord = /^\S+$/;

function clubNamed(element: string, prefix: string | undefined): ClubId | undefined {
  const text =
    prefix === undefined
      ? (wholeNumber(element) ?? withoutRoomPrefix(element))
      : element.slice(prefix.length);
  const id = v.safeParse(clubIdSchema, text);
  return id.success ? id.output : undefined;
}

/** The digits of a whole number from a million up to 2^53-1, which the gateway writes as Go does: `1.234567e+06`. */
function wholeNumber(text: string): string | undefined {
  const value = Number(text);
  const asGo = value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
  return Number.isSafeInteger(value) && value >= 1e6 && asGo === text ? String(value) : undefined;
}
