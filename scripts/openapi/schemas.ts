/** The bodies of requests and answers as JSON Schema 2020-12, from the code's schemas where they exist. */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { clubIdSchema } from '../../lib/club.ts';
import { type ErrorCode, statusOf } from '../../lib/contract.ts';
import { bodySchema } from '../../lib/request.ts';
import { tokenAnswerSchema } from '../../token-check/token-answer.ts';

const roomPrefix = '^reading-club-';
const roomPrefixInAnyCase = '^[Rr][Ee][Aa][Dd][Ii][Nn][Gg]-[Cc][Ll][Uu][Bb]-';

const idPattern = json(clubIdSchema).pattern ?? '';
const roomPattern = idPattern.replace('^', roomPrefix);
const clubId: JsonSchema = { type: 'string', pattern: idPattern, not: { pattern: roomPrefixInAnyCase } };
const clubNumber = json(bodySchema.entries.reading_club_id.wrapped.getter(1));
const roomName: JsonSchema = {
  type: 'string',
  pattern: roomPattern,
  not: { pattern: roomPrefixInAnyCase.replace('^', roomPrefix) },
};

const forbiddenInNames = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const participantName: JsonSchema = {
  type: 'string',
  maxLength: 128,
  // At least one character that is not white space, and no forbidden character.
  pattern: `^[^${forbiddenInNames}]*[^${forbiddenInNames}\\s\\ufeff][^${forbiddenInNames}]*$`,
};

const absent: JsonSchema = { type: 'null' };
const empty: JsonSchema = { anyOf: [absent, { const: '' }, { type: 'object', maxProperties: 0 }] };

/**
 * The body of a request: the fields that the function reads, and its checks as far as JSON Schema can express them. Three rules
 * are not in it: the bytes of a name, fields that must agree, and the reader's identity. Otherwise a body that it allows is accepted.
 */
const tokenRequestBody: JsonSchema = {
  type: 'object',
  properties: {
    ...json(bodySchema).properties,
    reading_club_id: { anyOf: [clubNumber, clubId, absent] },
    room_name: { anyOf: [roomName, absent] },
    participant_name: { anyOf: [participantName, { const: '' }, absent] },
    participant_metadata: empty,
    participant_attributes: empty,
    room_config: empty,
  },
  anyOf: [
    { required: ['reading_club_id'], properties: { reading_club_id: { type: ['integer', 'string'] } } },
    { required: ['room_name'], properties: { room_name: { type: 'string' } } },
  ],
};

const text = v.pipe(v.string(), v.minLength(1));
const room = v.pipe(v.string(), v.regex(new RegExp(roomPattern)));

/** The body of an error of the endpoint itself. */
export const errorAnswerSchema = <const Code extends ErrorCode>(codes: readonly Code[]) =>
  v.object({ error: text, code: v.picklist(codes), request_id: text });

/** The body of a 400, which also says what is wrong with the request's body. */
export const badRequestAnswerSchema = v.object({
  ...errorAnswerSchema(codesOf(400)).entries,
  details: v.pipe(v.array(v.object({ path: v.string(), message: text })), v.minLength(1)),
});

/** The body of an error that API Gateway answers by itself. */
export const gatewayErrorAnswerSchema = v.object({ message: v.string() });

/** The document's schemas, by name. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  TokenRequestBody: tokenRequestBody,
  TokenAnswer: json(v.object({ ...tokenAnswerSchema.entries, room_name: room })),
  BadRequest: json(badRequestAnswerSchema),
  ...Object.fromEntries(
    [...new Set(Object.values(statusOf))]
      .filter((status) => status !== 400)
      .map((status) => [nameOf(codesOf(status)), json(errorAnswerSchema(codesOf(status)))]),
  ),
  GatewayError: json(gatewayErrorAnswerSchema),
};

/** A valibot schema's input as JSON Schema. Checks that are functions are left out, since JSON Schema can't express them. */
function json(schema: v.GenericSchema): JsonSchema {
  const { $schema, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input',
    errorMode: 'ignore',
  });
  return rest;
}

/** Codes with the same status share a schema: `NotAMember` for `not_a_member`. */
function nameOf([code = '']: readonly string[]): string {
  return `_${code}`.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function codesOf(status: number): ErrorCode[] {
  const statuses = new Map<string, number>(Object.entries(statusOf));
  return Object.keys(statusOf).filter((code): code is ErrorCode => statuses.get(code) === status);
}
