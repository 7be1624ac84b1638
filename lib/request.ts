import { isUtf8 } from 'node:buffer';
import * as v from 'valibot';
import { type ClubId, clubIdSchema, hasRoomPrefix, withoutRoomPrefix } from './club.ts';
import type { Detail, EmptyField } from './contract.ts';
import { participantNameSchema } from './participant-name.ts';
import { BadRequest, Problem } from './problem.ts';
import type { Reader } from './reader.ts';

/** The request as received. */
export interface RequestContent {
  /** `undefined` if the request has no such header. */
  contentType: string | undefined;
  /** Text, or the bytes of it as the client sent them. Empty if there is none. */
  body: string | Buffer;
}

/** What a reader asks for, checked against all rules of the contract. */
export interface ParsedRequest {
  club: ClubId;
  /** The display name, if the body has one. */
  participantName: string | undefined;
}

const fromInteger = v.pipe(
  v.number(),
  v.safeInteger('should be a whole number from 1 to 2^53-1, or a string'),
  v.minValue(1, 'should be a whole number from 1 to 2^53-1, or a string'),
  v.transform(String),
  clubIdSchema,
);

const readingClubId = v.lazy((input) =>
  typeof input === 'number'
    ? fromInteger
    : v.pipe(v.string('should be a whole number or a string'), clubIdSchema),
);

const roomName = v.pipe(
  v.string('should be a string'),
  v.check(hasRoomPrefix, 'should be "reading-club-" and the id of the club'),
  v.transform(withoutRoomPrefix),
  clubIdSchema,
);

/** For LiveKit's standard fields that this endpoint does not support: SDKs send them empty, and no other value is accepted. */
const empty = v.custom<EmptyField>(
  (input) =>
    input === null ||
    input === '' ||
    (typeof input === 'object' && !Array.isArray(input) && Object.keys(input).length === 0),
  'is not supported: leave it out',
);

const identityRule = 'should be left out: the identity is that of the signed-in reader';

/** The body, as `TokenRequestBody` of the contract describes it. */
export const bodySchema = v.object({
  reading_club_id: v.nullish(readingClubId),
  room_name: v.nullish(roomName),
  // LiveKit's SDKs send it empty, as if it were left out.
  participant_name: v.nullish(v.lazy((input) => (input === '' ? v.literal('') : participantNameSchema))),
  participant_identity: v.nullish(v.string(identityRule)),
  participant_metadata: v.optional(empty),
  participant_attributes: v.optional(empty),
  room_config: v.optional(empty),
});

/** The longest body, in bytes. */
const longestBody = 8 * 1024;

const jsonMediaType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;.*)?$/i;

/**
 * Reads what a reader asks for.
 *
 * @throws {Problem} `unsupported_media_type`, `body_too_large`
 * @throws {BadRequest} `invalid_json` if the body is not a JSON object in UTF-8, `invalid_request` if a field breaks a rule
 */
export function parseRequest({ contentType, body }: RequestContent, reader: Reader): ParsedRequest {
  if (contentType !== undefined && !jsonMediaType.test(contentType.trim())) {
    throw new Problem('unsupported_media_type', 'Send the body as application/json.');
  }
  if (Buffer.byteLength(body) > longestBody) {
    throw new Problem('body_too_large', `The body should have at most ${longestBody} bytes.`);
  }
  const parsed = v.safeParse(bodySchema, parseJsonObject(body), { abortPipeEarly: true });
  if (!parsed.success) {
    throw invalidRequest(
      parsed.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
    );
  }
  const {
    reading_club_id: fromId,
    room_name: fromRoom,
    participant_name,
    participant_identity,
  } = parsed.output;
  if (participant_identity && participant_identity !== reader.id) {
    throw invalidRequest([{ path: 'participant_identity', message: identityRule }]);
  }
  const club = fromId ?? fromRoom;
  if (club == null) {
    throw invalidRequest([
      { path: 'reading_club_id', message: 'is required, unless room_name says which club it is' },
    ]);
  }
  if (fromRoom != null && fromRoom !== club) {
    throw invalidRequest([{ path: 'room_name', message: 'should be of the same club as reading_club_id' }]);
  }
  return { club, participantName: participant_name || undefined };
}

function parseJsonObject(body: string | Buffer): object {
  // Invalid UTF-8 is refused, not replaced. No `TextDecoder` is used, because Node takes milliseconds to load it.
  if (typeof body !== 'string' && !isUtf8(body)) throw invalidJson('should be JSON in UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw invalidJson('should be JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidJson('should be a JSON object');
  return value;
}

function invalidJson(message: string): BadRequest {
  return new BadRequest('invalid_json', `The body ${message}.`, [{ path: '', message }]);
}

function invalidRequest(details: Detail[]): BadRequest {
  const faults = details.map(({ path, message }) => `${path} ${message}`);
  return new BadRequest('invalid_request', `${faults.join('; ')}.`, details);
}
