import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type ErrorAnswer,
  type GatewayErrorAnswer,
  statusOf,
  type TokenAnswer,
} from '../../../lib/contract.ts';
import { parseRequest } from '../../../lib/request.ts';
import { currentDocument, documentPath } from '../../../scripts/openapi/document.ts';
import type {
  badRequestAnswerSchema,
  errorAnswerSchema,
  gatewayErrorAnswerSchema,
} from '../../../scripts/openapi/schemas.ts';
import type { tokenAnswerSchema } from '../../../token-check/token-answer.ts';
import { documented, expectDocumented, isDocumentedRequest } from '../../support/documented-answer.ts';

test('docs/openapi.yaml has the schemas of the code: `npm run openapi` writes them', async () => {
  expect(await readFile(documentPath, 'utf8')).toBe(await currentDocument());
});

test('the answers that it describes are those of the contract with clients', () => {
  // Held by the compiler, in `npm run check`.
  expectTypeOf<v.InferOutput<typeof tokenAnswerSchema>>().toEqualTypeOf<TokenAnswer>();
  expectTypeOf<v.InferOutput<typeof gatewayErrorAnswerSchema>>().toEqualTypeOf<GatewayErrorAnswer>();
  type Error = v.InferOutput<ReturnType<typeof errorAnswerSchema<ErrorAnswer['code']>>>;
  expectTypeOf<Error['code']>().toEqualTypeOf<ErrorAnswer['code']>();
  expectTypeOf<Error>().toExtend<ErrorAnswer>();
  type BadRequest = v.InferOutput<typeof badRequestAnswerSchema>;
  expectTypeOf<BadRequest>().toExtend<ErrorAnswer>();
  expectTypeOf<keyof BadRequest>().toEqualTypeOf<keyof ErrorAnswer>();
});

describe('its examples', () => {
  const examples = Object.entries(documented.responses).flatMap(([status, { content }]) =>
    Object.entries(content['application/json'].examples).map(([name, { value }]) => ({
      status,
      name,
      value,
    })),
  );

  test('have one of each code of the contract, under its status', () => {
    const ofCodes = examples.filter(({ name }) => name !== 'gateway' && name !== 'member');
    expect(Object.fromEntries(ofCodes.map(({ name, status }) => [name, Number(status)]))).toEqual(statusOf);
  });

  test.each(examples)('are answers that it allows: $status $name', async ({ status, value }) => {
    await expectDocumented(answer(Number(status), value, { 'retry-after': '5' }));
  });

  const requests = Object.entries(documented.requestBody.content['application/json'].examples);
  test.each(requests)('are requests that the function accepts: %s', (_, { value }) => {
    expect(isDocumentedRequest(value)).toBe(true);
    expect(accepts(value)).toBe(true);
  });
});

describe('an answer that differs from it is noticed', () => {
  const member = documented.responses['200']?.content['application/json'].examples['member']?.value ?? {};
  const unavailable = { error: 'x', code: 'credentials_unavailable', request_id: 'x' };

  test.each<[string, Response, RegExp]>([
    ['a status', answer(418, {}), /no answer 418/],
    ['a field more', answer(200, { ...member, more: 1 }), /body must NOT have additional properties/],
    ['a field less', answer(200, { ...member, role: undefined }), /body must have .*'role'/],
    ['a role', answer(200, { ...member, role: 'guest' }), /body\/role/],
    ['a code of another status', answer(401, unavailable), /body\/code/],
    ['a header less', answer(200, member, { 'cache-control': '' }), /cache-control/],
    ['a header', answer(503, unavailable, { 'retry-after': '0' }), /retry-after must be >= 1/],
    ['a content type', answer(200, member, { 'content-type': 'text/html' }), /content-type/],
  ])('%s', async (_, different, difference) => {
    await expect(expectDocumented(different)).rejects.toThrow(difference);
  });
});

describe('the body that it allows to send is the body that the function accepts', () => {
  const idLike = fc.oneof(
    fc.constantFrom(
      0,
      1,
      -1,
      1.5,
      2 ** 53,
      2 ** 53 - 1,
      '',
      'a'.repeat(64),
      'a'.repeat(65),
      'Reading-Club-1',
    ),
    fc.stringMatching(/^[A-Za-z0-9_-]{0,65}$/),
    fc.stringMatching(/^(reading-club-|READING-Club-){1,2}[A-Za-z0-9_-]{0,65}$/),
    fc.string(),
    fc.integer(),
  );
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', {}));
  const name = fc
    .oneof(fc.string({ unit: 'binary', maxLength: 130 }), fc.string({ unit: 'grapheme', maxLength: 130 }))
    .map((text) => text.trim().normalize('NFC'));

  test.each<[string, fc.Arbitrary<object>]>([
    ['reading_club_id', fc.record({ reading_club_id: fc.oneof(idLike, anything) })],
    ['room_name', fc.record({ room_name: fc.oneof(idLike, anything) })],
    [
      'the others',
      fc.record(
        {
          reading_club_id: fc.constant(1),
          room_name: fc.constantFrom('reading-club-1', null),
          participant_identity: fc.oneof(fc.constantFrom('user-001', '', null), fc.integer()),
          participant_metadata: anything,
          participant_attributes: anything,
          room_config: anything,
          more: anything,
        },
        { requiredKeys: ['reading_club_id'] },
      ),
    ],
  ])('%s', (_, bodies) => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(isDocumentedRequest(body)).toBe(accepts(body));
      }),
      { numRuns: 1_000 },
    );
  });

  test('participant_name, but for what is said in words: bytes, and lone surrogates', () => {
    fc.assert(
      fc.property(name, (participant_name) => {
        fc.pre(Buffer.byteLength(participant_name) <= 256 && participant_name.isWellFormed());
        const body = { reading_club_id: 1, participant_name };
        expect(isDocumentedRequest(body)).toBe(accepts(body));
      }),
      { numRuns: 1_000 },
    );
  });
});

function accepts(body: unknown): boolean {
  const content = { contentType: undefined, body: Buffer.from(JSON.stringify(body)) };
  try {
    parseRequest(content, { id: 'user-001', claims: {}, name: 'Ana' });
    return true;
  } catch {
    return false;
  }
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}
