/**
 * Every way in which LiveKit refuses a token, shown to the real server, and what the judge says that it will answer. The rows
 * follow the server (1.13.5) branch by branch: `pkg/service/auth.go`, `auth/verifier.go` of livekit/protocol with golang-jwt,
 * then `ValidateConnectRequest` in `pkg/service/utils.go`, and the room allocator.
 */
import { createHmac } from 'node:crypto';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { explainAnswer } from '../../token-check/explain-answer.ts';
import { answerTo, type LiveKitAnswer } from '../../token-check/finding.ts';
import { judgeToken } from '../../token-check/judge-token.ts';
import { redact } from '../../token-check/redact.ts';
import { apiKey, apiSecret } from './support/stack.ts';

const { liveKitUrl } = inject('stack');

const grants = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };
const video = { room: 'reading-club-refusals', ...grants };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const seconds = () => Math.floor(Date.now() / 1000);

/** The claims of a good token with these changes; `undefined` drops one. */
const claims = (changes: Record<string, unknown>): Record<string, unknown> => ({
  iss: apiKey,
  sub: 'user-001',
  nbf: seconds(),
  exp: seconds() + 600,
  video,
  ...changes,
});

/** By hand: a library would refuse to sign most of these. */
function signed(changes: Record<string, unknown>, { alg = 'HS256', secret = apiSecret } = {}): string {
  const text = `${encode({ alg })}.${encode(claims(changes))}`;
  return `${text}.${createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url')}`;
}

/** A token built by hand, with an invalid signature. */
const assembled = (header: unknown, payload: unknown = claims({})) =>
  `${encode(header)}.${encode(payload)}.c2lnbmF0dXJl`;

const withVideo = (changes: object) => signed({ video: { ...video, ...changes } });

async function ask(
  path: string,
  headers: Record<string, string> = {},
  server = liveKitUrl,
): Promise<LiveKitAnswer> {
  const response = await fetch(`${server}/rtc/validate${path}`, { headers });
  return { status: response.status, reason: redact(await response.text()) };
}

const validate = (token: string, server?: string) => ask('', { authorization: `Bearer ${token}` }, server);

/** `…` at the end of the expected answer stands for more words. */
function expectSame(judged: LiveKitAnswer, answered: LiveKitAnswer): void {
  const isOpen = judged.reason.endsWith('…');
  const start = judged.reason.slice(0, isOpen ? -1 : undefined);
  const compared = isOpen ? answered.reason.slice(0, start.length) : answered.reason;
  expect({ status: answered.status, reason: compared }).toEqual({ status: judged.status, reason: start });
}

type Token = () => string;

const refusedTokens: [branch: string, code: string, token: Token][] = [
  // auth.ParseAPIToken
  ['not a JWT', 'unreadable', () => 'not-a-token'],
  ['two parts', 'unreadable', () => signed({}).split('.').slice(0, 2).join('.')],
  ['four parts', 'unreadable', () => `${signed({})}.x`],
  ['cut off in the signature', 'unreadable', () => signed({}).slice(0, -2)],
  ['cut off in the header', 'unreadable', () => `${encode({ alg: 'HS256' }).slice(0, -2)}.e30.c2ln`],
  ['a header that is not base64url', 'unreadable', () => `+/+=.${encode(claims({}))}.c2ln`],
  ['claims that are not base64url', 'unreadable', () => `${encode({ alg: 'HS256' })}.e30=.c2ln`],
  ['claims that are no object', 'unreadable', () => assembled({ alg: 'HS256' }, [1])],
  ['no algorithm', 'unreadable', () => assembled({ typ: 'JWT' })],
  ['an algorithm that is a number', 'unreadable', () => assembled({ alg: 256 })],
  ['an algorithm that nobody knows', 'unreadable', () => assembled({ alg: 'HS257' })],
  ['an iss that is a number', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), iss: 7 })],
  ['a sub that is a number', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), sub: 7 })],
  ['a jti that is a number', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), jti: 7 })],
  ['an exp that is text', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), exp: 'soon' })],
  ['an nbf that is true', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), nbf: true })],
  ['an iat that is an object', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), iat: {} })],
  ['an aud that is a number', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), aud: 7 })],
  // the key
  ['an unknown key', 'another-key', () => signed({ iss: 'another-key' })],
  ['no key', 'no-key', () => signed({ iss: undefined })],
  ['claims that are null', 'no-key', () => assembled({ alg: 'HS256' }, null)],
  [
    'a sign-in’s JWT',
    'another-key',
    () => assembled({ alg: 'RS256' }, claims({ iss: 'https://issuer.example' })),
  ],
  // Verify: the claims' types, the algorithm, the signature, the times
  ['a video grant that is text', 'wrong-type', () => signed({ video: 'reading-club-1' })],
  ['a video grant that is a list', 'wrong-type', () => signed({ video: [] })],
  ['a roomJoin that is text', 'wrong-type', () => withVideo({ roomJoin: 'true' })],
  ['a canPublish that is a number', 'wrong-type', () => withVideo({ canPublish: 1 })],
  ['a room that is a number', 'wrong-type', () => withVideo({ room: 123 })],
  ['sources that are text', 'wrong-type', () => withVideo({ canPublishSources: 'camera' })],
  ['a name that is a number', 'wrong-type', () => signed({ name: 7 })],
  ['metadata that is an object', 'wrong-type', () => signed({ metadata: {} })],
  ['attributes that are no text', 'wrong-type', () => signed({ attributes: { role: 7 } })],
  ['HS384', 'wrong-algorithm', () => signed({}, { alg: 'HS384' })],
  ['HS512', 'wrong-algorithm', () => signed({}, { alg: 'HS512' })],
  ['RS256', 'wrong-algorithm', () => assembled({ alg: 'RS256' })],
  ['EdDSA', 'wrong-algorithm', () => assembled({ alg: 'EdDSA' })],
  ['no signature: none', 'wrong-algorithm', () => `${encode({ alg: 'none' })}.${encode(claims({}))}.`],
  ['another secret', 'wrong-secret', () => signed({}, { secret: 'another-secret-of-thirty-two-bytes' })],
  ['a secret with a line break', 'wrong-secret', () => signed({}, { secret: `${apiSecret}\n` })],
  ['changed claims', 'wrong-secret', () => assembled({ alg: 'HS256' })],
  ['an empty signature', 'wrong-secret', () => signed({}).replace(/[^.]+$/, '')],
  ['expired', 'expired', () => signed({ exp: seconds() - 61 })],
  ['expired long ago, at zero', 'expired', () => signed({ exp: 0 })],
  ['not yet valid', 'not-yet-valid', () => signed({ nbf: seconds() + 70 })],
  ['an nbf in milliseconds', 'not-yet-valid', () => signed({ nbf: Date.now() })],
  ['expired and not yet valid', 'expired', () => signed({ exp: seconds() - 100, nbf: seconds() + 100 })],
  // ValidateConnectRequest
  ['no video grant', 'no-video-grant', () => signed({ video: undefined })],
  ['a video grant that is null', 'no-video-grant', () => signed({ video: null })],
  ['an empty video grant', 'empty-video-grant', () => signed({ video: {} })],
  ['no roomJoin', 'no-room-join', () => withVideo({ roomJoin: undefined })],
  ['a roomJoin that is false', 'no-room-join', () => withVideo({ roomJoin: false })],
  [
    'a grant spelled in another way',
    'no-room-join',
    () => withVideo({ roomJoin: undefined, room_join: true }),
  ],
  ['no identity', 'no-identity', () => signed({ sub: undefined })],
  ['an empty identity', 'no-identity', () => signed({ sub: '' })],
  ['an identity of 257 bytes', 'identity-too-long', () => signed({ sub: `${'ä'.repeat(128)}a` })],
  ['no room', 'no-room', () => withVideo({ room: undefined })],
  ['an empty room', 'no-room', () => withVideo({ room: '' })],
  ['a room of 257 bytes', 'room-too-long', () => withVideo({ room: `${'ä'.repeat(128)}a` })],
];

describe('LiveKit refuses, as judgeToken says', () => {
  test.each(refusedTokens)('%s: %s', async (_branch, code, token) => {
    const text = token();
    const findings = await judgeToken(text, { apiKey, apiSecret });
    const judged = answerTo(findings);
    expectSame(judged, await validate(text));
    expect(judged.status).toBeGreaterThanOrEqual(400);
    const refusing = findings.find(({ answer }) => answer.status !== 200);
    expect(refusing).toMatchObject({ code, verdict: 'bad', remedy: expect.any(String) });
  });
});

describe('LiveKit accepts, as judgeToken says', () => {
  test.each<[string, Token]>([
    ['what the endpoint signs', () => signed({})],
    ['who expired less than a minute ago', () => signed({ exp: seconds() - 50 })],
    ['who begins in less than a minute', () => signed({ nbf: seconds() + 55 })],
    ['who never expires', () => signed({ exp: undefined })],
    ['who has no nbf', () => signed({ nbf: undefined })],
    ['an exp in quotes', () => signed({ exp: String(seconds() + 600) })],
    ['an old identity, in jti', () => signed({ sub: undefined, jti: 'user-001' })],
    ['an identity of 256 bytes', () => signed({ sub: 'ä'.repeat(128) })],
    ['a room of 256 bytes', () => withVideo({ room: 'ä'.repeat(128) })],
    ['any room, since a wrong one does not exist', () => withVideo({ room: 'anything' })],
    ['grants in another case', () => signed({ video: { ROOM: 'x', roomjoin: true } })],
    ['permissions that are absent', () => signed({ video: { room: 'x', roomJoin: true } })],
    ['permissions that are null', () => withVideo({ canPublish: null, canSubscribe: null })],
    ['grants that it does not know', () => withVideo({ can_publish: true })],
    ['grants that no reader needs', () => withVideo({ roomCreate: true, roomAdmin: true, hidden: true })],
  ])('%s', async (_who, token) => {
    const text = token();
    const judged = answerTo(await judgeToken(text, { apiKey, apiSecret }));
    expect(judged).toEqual({ status: 200, reason: 'success' });
    expect(await validate(text)).toEqual(judged);
  });
});

describe('LiveKit refuses wrong requests with a good token, and explainAnswer says why', () => {
  const asked = (query: string) => () => ask(query, { authorization: `Bearer ${signed({})}` });
  const attributes = Buffer.from('{"a":"b"}').toString('base64url');

  test.each<[string, number, string | undefined, () => Promise<LiveKitAnswer>]>([
    ['no token at all', 401, 'no-video-grant', () => ask('')],
    ['a header without Bearer', 401, 'no-bearer', () => ask('', { authorization: signed({}) })],
    ['attributes without canUpdateOwnMetadata', 401, 'no-video-grant', asked(`?attributes=${attributes}`)],
    ['attributes that can’t be decoded', 400, undefined, asked('?attributes=!')],
    [
      'a second connection to publish, without canPublish',
      401,
      'no-video-grant',
      () => ask('?publish=x', { authorization: `Bearer ${withVideo({ canPublish: false })}` }),
    ],
  ])('%s', async (_what, status, code, answered) => {
    const answer = await answered();
    expect(answer.status).toBe(status);
    expect(explainAnswer(answer)?.code).toBe(code);
  });

  test('and repeats the whole token, which is redacted before it is shown', async () => {
    const token = signed({ exp: 0 });
    const response = await fetch(`${liveKitUrl}/rtc/validate?access_token=${token}`);
    const text = await response.text();
    expect(text).toContain(token);
    expect(redact(text)).toBe('invalid token: <token>, error: token has invalid claims: token is expired');
  });
});

describe('A LiveKit server that creates no rooms by itself', () => {
  let server: LiveKit;
  let url: string;
  beforeAll(async () => {
    const binary = (await findLiveKit(process.env)) ?? expect.fail(howToGetLiveKit);
    server = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret, autoCreate: false });
    url = server.url.replace('ws:', 'http:');
  });
  afterAll(() => server?.close());

  test('refuses a good token, and explainAnswer says why', async () => {
    const answer = await validate(signed({}), url);
    expect(answer).toEqual({ status: 404, reason: 'requested room does not exist' });
    expect(explainAnswer(answer)?.code).toBe('room-must-exist');
  });

  test('lets it in when the room was created beforehand', async () => {
    const room = 'reading-club-created';
    await new RoomServiceClient(url, apiKey, apiSecret).createRoom({ name: room });
    expect((await validate(withVideo({ room }), url)).status).toBe(200);
  });
});
