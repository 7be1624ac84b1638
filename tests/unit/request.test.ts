import { describe, expect, test } from 'vitest';
import { BadRequest } from '../../lib/problem.ts';
import { bodySchema, parseRequest } from '../../lib/request.ts';

const reader = { id: 'user-001', name: 'Ana', claims: {} };

const parseText = (text: string | Buffer, contentType: string | undefined = 'application/json') =>
  parseRequest({ contentType, body: Buffer.from(text) }, reader);
const parse = (body: unknown) => parseText(JSON.stringify(body));

/** The details of the refusal, or nothing where the body was let pass. */
function refusal(body: unknown): unknown {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof BadRequest && error.code === 'invalid_request') return error.details;
    throw error;
  }
  return undefined;
}
/** One fault in this field, in words that follow its name. */
const faultAt = (path: string) => [{ path, message: expect.stringMatching(/^(?:should|is) .*\w/) }];

describe('reading_club_id', () => {
  test.each([
    [1, '1'],
    [123, '123'],
    [2 ** 53 - 1, '9007199254740991'],
    ['123', '123'],
    ['0123', '0123'],
    ['A', 'A'],
    ['a_b-C', 'a_b-C'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['reading-club', 'reading-club'],
    ['reading-clubs', 'reading-clubs'],
    ['my-reading-club-1', 'my-reading-club-1'],
  ])('%j is the club %s', (reading_club_id, club) => {
    expect(parse({ reading_club_id }).club).toBe(club);
  });

  test.each([
    0,
    -1,
    1.5,
    2 ** 53,
    '',
    '-a',
    '_a',
    'a b',
    'a/b',
    'a.b',
    'é',
    '１２３',
    '123\n',
    'x'.repeat(65),
    'reading-club-1',
    'Reading-Club-1',
    'reading-club-',
    true,
    [],
    [1],
    {},
  ])('%j is refused', (reading_club_id) => {
    expect(refusal({ reading_club_id })).toEqual(faultAt('reading_club_id'));
  });
});

describe('room_name', () => {
  test.each([
    ['reading-club-123', '123'],
    [`reading-club-${'x'.repeat(64)}`, 'x'.repeat(64)],
  ])('%s is the room of %s', (room_name, club) => {
    expect(parse({ room_name }).club).toBe(club);
  });

  test.each([
    '',
    '123',
    'reading-club-',
    'Reading-Club-123',
    'reading-club-reading-club-123',
    'reading-club-Reading-club-123',
    ' reading-club-123',
    `reading-club-${'x'.repeat(65)}`,
    123,
    {},
  ])('%j is refused', (room_name) => {
    expect(refusal({ room_name })).toEqual(faultAt('room_name'));
  });

  test.each([123, '123'])('may agree with reading_club_id: %j', (reading_club_id) => {
    expect(parse({ reading_club_id, room_name: 'reading-club-123' }).club).toBe('123');
  });

  test.each([124, 'a', '0123'])('may not disagree with it: %j', (reading_club_id) => {
    for (const room_name of ['reading-club-123', 'reading-club-A'])
      expect(refusal({ reading_club_id, room_name })).toEqual(faultAt('room_name'));
  });
});

test.each([{}, { reading_club_id: null }, { room_name: null }, { reading_club_id: null, room_name: null }])(
  '%j names no club',
  (body) => {
    expect(refusal(body)).toEqual(faultAt('reading_club_id'));
  },
);

test('null counts as absent in every optional field, and so does "" in a name and an identity', () => {
  const absent = { club: '1', participantName: undefined };
  const nulls = Object.fromEntries(Object.keys(bodySchema.entries).map((field) => [field, null]));
  expect(parse({ ...nulls, room_name: 'reading-club-1' })).toEqual(absent);
  expect(parse({ ...nulls, reading_club_id: 1 })).toEqual(absent);
  expect(parse({ reading_club_id: 1, participant_name: '', participant_identity: '' })).toEqual(absent);
});

describe('participant_name', () => {
  const nameOf = (participant_name: unknown) =>
    parse({ reading_club_id: 1, participant_name }).participantName;

  test.each([
    ['Ana', 'Ana'],
    [' \t Ana María \n', 'Ana María'],
    ['e\u0301', '\u00e9'],
    ['名前', '名前'],
    ['👩‍🚀', '👩‍🚀'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['é'.repeat(128), 'é'.repeat(128)],
    ['𝒜'.repeat(64), '𝒜'.repeat(64)],
    ['e\u0301'.repeat(128), 'é'.repeat(128)],
    // 76 code points, 136 units of UTF-16, 256 bytes.
    ['😀'.repeat(60) + 'x'.repeat(16), '😀'.repeat(60) + 'x'.repeat(16)],
    ['\u200F', '\u200F'],
    ['a\u2065b', 'a\u2065b'],
    ['a\u206Ab', 'a\u206Ab'],
    ['a\u202Fb', 'a\u202Fb'],
  ])('%j becomes %j', (name, shown) => {
    expect(nameOf(name)).toBe(shown);
  });

  test.each([
    ' ',
    '\u00a0\n',
    'x'.repeat(129),
    'e\u0301'.repeat(129),
    '𝒜'.repeat(65),
    `${'é'.repeat(127)}名`,
    'a\u0000b',
    'a\u001Fb',
    'a\u007Fb',
    'a\u009Fb',
    'a\nb',
    'a\u2028b',
    'a\u2029b',
    'a\u202Ab',
    'a\u202Eb',
    'a\u2066b',
    'a\u2069b',
    'a\ud800b',
    '\udc00',
    5,
    ['Ana'],
    {},
  ])('%j is refused', (participant_name) => {
    expect(refusal({ reading_club_id: 1, participant_name })).toEqual(faultAt('participant_name'));
  });
});

describe('participant_identity', () => {
  test.each([undefined, null, '', 'user-001'])('may be %j', (participant_identity) => {
    expect(parse({ reading_club_id: 1, participant_identity }).club).toBe('1');
  });

  test.each(['user-002', 'USER-001', 'user-001 ', 0, false, {}, ['user-001']])(
    'may not be %j',
    (participant_identity) => {
      expect(refusal({ reading_club_id: 1, participant_identity })).toEqual(faultAt('participant_identity'));
    },
  );
});

describe.each(['participant_metadata', 'participant_attributes', 'room_config'])('%s', (field) => {
  test.each([undefined, null, '', {}])('passes when it is %j', (value) => {
    expect(parse({ reading_club_id: 1, [field]: value }).club).toBe('1');
  });

  test.each(['x', ' ', { a: 1 }, { a: null }, [], [{}], 0, false, true])(
    'is refused when it is %j',
    (value) => {
      expect(refusal({ reading_club_id: 1, [field]: value })).toEqual(faultAt(field));
    },
  );
});

test('any other field is ignored', () => {
  const body = { reading_club_id: 1, roomAdmin: true, video: { room: 'x' }, constructor: 1, sub: 'user-002' };
  expect(parse(body)).toEqual({ club: '1', participantName: undefined });
  expect(refusal(JSON.parse('{"__proto__": {"reading_club_id": 1}}'))).toEqual(faultAt('reading_club_id'));
});

test('every fault is told at once', () => {
  const paths = refusal({ reading_club_id: 0, participant_name: ' ', room_config: 'x' });
  expect(paths).toEqual([
    { path: 'reading_club_id', message: 'should be a whole number from 1 to 2^53-1, or a string' },
    { path: 'participant_name', message: 'should not be empty' },
    { path: 'room_config', message: 'is not supported: leave it out' },
  ]);
  expect(() => parse({ reading_club_id: 0, room_config: 'x' })).toThrow(
    /reading_club_id .*; room_config .*\.$/,
  );
});

describe('the body', () => {
  test.each([
    '',
    ' ',
    '{',
    'null',
    '1',
    '"{}"',
    '[]',
    '[{"reading_club_id":1}]',
    '\uFEFF{"reading_club_id":1}',
  ])('%j is not a JSON object', (text) => {
    expect(() => parseText(text)).toThrow(
      expect.objectContaining({
        code: 'invalid_json',
        message: expect.stringMatching(/^The body should be .*JSON/),
        details: [{ path: '', message: expect.stringMatching(/^should be .*JSON/) }],
      }),
    );
  });

  test('has to be UTF-8', () => {
    const inLatin1 = (name: string) =>
      Buffer.from(`{"reading_club_id":1,"participant_name":"${name}"}`, 'latin1');
    expect(parseText(inLatin1('A')).participantName).toBe('A');
    expect(() => parseText(inLatin1('ÿ'))).toThrow(/UTF-8/);
  });

  test('may have at most 8 KiB, counted in bytes', () => {
    const ofSize = (size: number) => `{"reading_club_id":1,"x":"é"}`.padEnd(size - 1, ' ');
    expect(Buffer.byteLength(ofSize(8192))).toBe(8192);
    expect(parseText(ofSize(8192)).club).toBe('1');
    expect(() => parseText(ofSize(8193))).toThrow(expect.objectContaining({ code: 'body_too_large' }));
  });

  test.each([
    undefined,
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset=utf-8',
    ' application/json ',
    'application/vnd.booky+json',
  ])('may come as %s', (contentType) => {
    expect(parseRequest({ contentType, body: Buffer.from('{"reading_club_id":1}') }, reader).club).toBe('1');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/jsonp',
    'application/+json',
    'application/json  x',
    'application/json, text/plain',
    'json',
    'text/html; application/json',
  ])('may not come as %s', (contentType) => {
    expect(() => parseText('{"reading_club_id":1}', contentType)).toThrow(
      expect.objectContaining({ code: 'unsupported_media_type' }),
    );
  });

  test('is refused for its type before its size, for its size before its content', () => {
    const refusedWith = (code: string) => expect.objectContaining({ code });
    const long = 'x'.repeat(8193);
    expect(() => parseText(long, 'text/plain')).toThrow(refusedWith('unsupported_media_type'));
    expect(() => parseText(long)).toThrow(refusedWith('body_too_large'));
  });
});
