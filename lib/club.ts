import * as v from 'valibot';

/** Each room's name is this prefix and the club's id. */
const roomPrefix = 'reading-club-';

/** An id that starts like a room's name would let one room be written in two ways. */
const startsLikeRoom = /^reading-club-/i;

/** A club's id: 1 to 64 letters, digits, `_` and `-`. It does not start with `_`, `-` or `reading-club-` (ignoring case). */
export const clubIdSchema = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'should be 1 to 64 letters, digits, "_" or "-", the first a letter or digit',
  ),
  v.check((id) => !startsLikeRoom.test(id), 'should be the id alone, without "reading-club-"'),
  // Stryker disable next-line StringLiteral: the brand is a type alone.
  v.brand('ClubId'),
);
export type ClubId = v.InferOutput<typeof clubIdSchema>;

/** The LiveKit room of a club: at most 77 characters. */
export function roomOf(club: ClubId): string {
  return roomPrefix + club;
}

/** The id after `reading-club-` in a room's or group's name; the whole name if it has no such prefix. Case-sensitive. */
export function withoutRoomPrefix(name: string): string {
  return name.startsWith(roomPrefix) ? name.slice(roomPrefix.length) : name;
}

/** Whether a name starts with the prefix of clubs' rooms. */
export function hasRoomPrefix(name: string): boolean {
  return name.startsWith(roomPrefix);
}
