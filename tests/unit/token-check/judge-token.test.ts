import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Role, roles } from '../../../lib/contract.ts';
import { attributesOf, grants as signedGrants } from '../../../lib/grants.ts';
import { answerTo } from '../../../token-check/finding.ts';
import { type Expected, judgeToken } from '../../../token-check/judge-token.ts';
import { grantsOf } from '../../../token-check/rules.ts';

const now = 1_800_000_000;
const expected: Expected = { room: 'reading-club-123', reader: 'user-001', role: 'member', now };
const grants = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };
const video = { room: 'reading-club-123', ...grants };
const claims = { iss: 'devkey', sub: 'user-001', nbf: now, exp: now + 600, video };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token whose signature is not checked. */
const unsigned = (payload: unknown, header: unknown = { alg: 'HS256' }) =>
  `${part(header)}.${part(payload)}.c2lnbmF0dXJl`;

const judge = (payload: object, changes: Partial<Expected> = {}) =>
  judgeToken(unsigned(payload), { ...expected, ...changes });

/** What is not as it should be, as `verdict claim: code`. */
async function faults(payload: object, changes: Partial<Expected> = {}): Promise<string[]> {
  const findings = await judge(payload, changes);
  return findings
    .filter(({ verdict }) => verdict === 'bad' || verdict === 'warning')
    .map(({ verdict, claim, code }) => `${verdict} ${claim}: ${code}`);
}

describe('a member’s token', () => {
  it('has nothing wrong with it as the endpoint signs it', async () => {
    expect(await faults(claims)).toEqual([]);
    expect(answerTo(await judge(claims))).toEqual({ status: 200, reason: 'success' });
  });

  it.each([
    ['bad iss: no-key', { iss: undefined }],
    ['bad iss: no-key', { iss: '' }],
    ['bad iss: not-for-livekit', { iss: 'https://issuer.example' }],
    ['bad sub: no-identity', { sub: undefined }],
    ['bad sub: no-identity', { sub: '' }],
    ['bad sub: another-reader', { sub: 'user-002' }],
    ['warning sub: identity-in-jti', { sub: undefined, jti: 'user-001' }],
    ['warning nbf: backdated', { nbf: undefined }],
    ['warning nbf: backdated', { nbf: 0 }],
    ['warning exp: quoted-time', { exp: String(now + 600) }],
    ['warning nbf: quoted-time', { nbf: '0' }],
    ['warning iat: issued-later', { iat: now + 61 }],
    ['bad nbf: not-yet-valid', { nbf: now + 61 }],
    ['bad exp: expired', { exp: now - 60 }],
    ['warning exp: just-expired', { exp: now }],
    ['bad exp: never-expires', { exp: undefined }],
    ['bad exp: never-expires', { exp: null }],
    ['warning exp: long-lived', { exp: now + 3_601 }],
    ['bad exp: long-lived', { exp: now + 86_401 }],
    ['bad video.room: another-room', { video: { ...video, room: 'reading-club-1234' } }],
    ['bad video.room: no-room', { video: { ...video, room: '' } }],
    ['bad video.roomJoin: no-room-join', { video: { ...video, roomJoin: undefined } }],
    ['bad video.roomJoin: no-room-join', { video: { ...video, roomJoin: false } }],
    ['bad video.canPublish: forbidden', { video: { ...video, canPublish: false } }],
    ['warning video.canPublish: not-said', { video: { ...video, canPublish: undefined } }],
    ['warning video.canSubscribe: not-said', { video: { ...video, canSubscribe: null } }],
    ['warning video.canPublishData: not-said', { video: { ...video, canPublishData: null } }],
    ['bad video.canPublishData: forbidden', { video: { ...video, canPublishData: false } }],
    ['bad video.canSubscribe: wrong-type', { video: { ...video, canSubscribe: 'true' } }],
    ['warning video.canPublishSources: some-sources', { video: { ...video, canPublishSources: ['camera'] } }],
    ['bad video.roomAdmin: unneeded-grant', { video: { ...video, roomAdmin: true } }],
    ['bad attributes.role: wrong-role-shown', { attributes: { role: 'moderator' } }],
    ['bad name: wrong-type', { name: 7 }],
    ['bad video.roomCreate: unneeded-grant', { video: { ...video, roomCreate: true } }],
    ['bad video.roomList: unneeded-grant', { video: { ...video, roomList: true } }],
    ['bad video.roomRecord: unneeded-grant', { video: { ...video, roomRecord: true } }],
    ['bad video.ingressAdmin: unneeded-grant', { video: { ...video, ingressAdmin: true } }],
    ['bad video.canUpdateOwnMetadata: unneeded-grant', { video: { ...video, canUpdateOwnMetadata: true } }],
    ['bad video.hidden: unneeded-grant', { video: { ...video, hidden: true } }],
    ['bad video.recorder: unneeded-grant', { video: { ...video, recorder: true } }],
    ['bad video.agent: unneeded-grant', { video: { ...video, agent: true } }],
    ['bad video.destinationRoom: unneeded-grant', { video: { ...video, destinationRoom: 'another' } }],
    ['bad sip: unneeded-grant', { sip: { admin: true } }],
    ['bad agentEndpoint: unneeded-grant', { agentEndpoint: { call: true } }],
    ['bad agentThread: unneeded-grant', { agentThread: { scope: 'x' } }],
    ['bad kindDetails: unneeded-grant', { kindDetails: ['cloud_agent'] }],
    ['bad roomConfig: unneeded-grant', { roomConfig: { egress: { room: {} }, max_participants: '3' } }],
    ['bad roomConfig.agents.0.metadata: wrong-type', { roomConfig: { agents: [{ metadata: {} }] } }],
    ['bad sip.admin: wrong-type', { sip: { admin: 0 } }],
    ['bad inference.perform: wrong-type', { inference: { perform: '' } }],
    ['bad observability.write: wrong-type', { observability: { Write: [] } }],
    [
      'bad video.canPublishSources: unknown-source',
      { video: { ...video, canPublishSources: ['camera', 'mic'] } },
    ],
    ['warning video.Room: another-case', { video: { ...grants, Room: 'reading-club-123' } }],
    ['bad kind: unneeded-grant', { kind: 'agent' }],
    ['warning video.can_publish: unknown-grant', { video: { ...video, can_publish: true } }],
    ['warning room: misplaced-grant', { room: 'reading-club-123' }],
  ])('%s for %j', async (fault, change) => {
    expect(await faults({ ...claims, ...change })).toEqual([fault]);
  });

  it.each([
    [{ nbf: now + 60, exp: now + 1 }],
    [{ nbf: now, exp: now + 3_600 }],
    [{ sub: 'user-001', jti: 'another' }],
    [{ attributes: { avatar: null }, kindDetails: [null] }],
    [{ kind: 'standard', roomConfig: { max_participants: '0', agents: [] } }],
    [{ video: { ...video, hidden: false, roomCreate: false, destinationRoom: '', canPublishSources: [] } }],
    [{ sip: { admin: false }, roomConfig: { egress: {} }, agentThread: { threadIds: [] } }],
    [{ somethingElse: true }],
  ])('may have %j', async (change) => {
    expect(await faults({ ...claims, ...change })).toEqual([]);
  });

  it('names all that an empty video grant lacks, and LiveKit’s answer to it', async () => {
    const findings = await judge({ ...claims, video: {} });
    expect(findings.filter(({ verdict }) => verdict === 'bad').map(({ claim }) => claim)).toEqual([
      'video',
      'video.roomJoin',
      'video.room',
    ]);
    expect(answerTo(findings)).toEqual({ status: 401, reason: 'permissions denied' });
  });

  it.each([[undefined], [null]])('has another answer for the video grant %j', async (value) => {
    const answer = answerTo(await judge({ ...claims, video: value }));
    expect(answer).toEqual({ status: 401, reason: 'no permissions to access the room' });
  });

  it.each([['video'], [[]]])('can’t have the video grant %j', async (value) => {
    expect(await faults({ ...claims, video: value })).toEqual(['bad video: wrong-type']);
  });

  it('has names of up to 256 bytes', async () => {
    const long = 'ä'.repeat(128);
    const freely = { room: undefined, reader: undefined };
    const withName = (name: string) => ({ ...claims, sub: name, video: { ...video, room: name } });
    expect(await faults(withName(long), freely)).toEqual(['warning video.room: not-a-club']);
    expect(await faults(withName(`${long}a`), freely)).toEqual([
      'bad sub: identity-too-long',
      'bad video.room: room-too-long',
    ]);
  });

  it('tells both faults of its time in one answer, as LiveKit does', async () => {
    expect(answerTo(await judge({ ...claims, exp: now - 60, nbf: now + 61 })).reason).toMatch(
      /: token is expired, token is not valid yet$/,
    );
  });

  it.each([
    ['its own ten minutes, whatever nbf says', { nbf: 0 }, undefined],
    ['the hour and a minute that are left of a day', { nbf: now - 86_000, exp: now + 3_700 }, '62 min'],
    ['the two hours after it begins', { nbf: now + 50, iat: now + 50, exp: now + 7_250 }, '2 h'],
  ])('can be used by a thief for %s', async (_what, change, shown) => {
    const exp = (await judge({ ...claims, ...change })).find(({ claim }) => claim === 'exp');
    expect(exp?.code).toBe(shown === undefined ? 'expiry' : 'long-lived');
    expect(exp?.meaning).toMatch(shown === undefined ? 'joining is possible' : new RegExp(`: ${shown}$`));
  });

  it.each([
    ['a local time as UTC', 'a local time was signed as UTC', { nbf: now + 7_200 - 5, exp: now + 7_800 }],
    [
      'a local time of half an hour',
      'a local time was signed as UTC',
      { nbf: now + 19_800, exp: now + 20_000 },
    ],
    ['a local time west of UTC', 'a local time was signed as UTC', { nbf: now - 18_010, exp: now - 17_400 }],
    ['a clock that is wrong', 'one is wrong.', { nbf: now + 400 }],
    ['a beginning in milliseconds', 'not milliseconds', { nbf: now * 1000 }],
    ['an end in milliseconds', 'not milliseconds', { exp: (now + 600) * 1000 }],
    ['text where it is a number', 'Sign seconds since 1970, as a number.', { exp: '2026-11-25T10:00:00Z' }],
    ['a number where it is text', 'Sign a string.', { sub: 42 }],
    ['an object where it is text', 'Sign a string.', { metadata: {} }],
    [
      'text where it is a boolean',
      'Sign true or false, without quotes.',
      { video: { ...video, roomJoin: 'true' } },
    ],
    ['text where it is an object', 'Sign an object.', { video: 'reading-club-123' }],
    ['another name', 'Spell it room.', { video: { ...video, roomName: 'reading-club-123' } }],
    ['another source', 'It knows camera, microphone,', { video: { ...video, canPublishSources: ['mic'] } }],
  ])('is told how to mend %s', async (_what, remedy, change) => {
    const findings = await judge({ ...claims, ...change });
    expect(findings.find((finding) => finding.remedy)?.remedy).toContain(remedy);
  });
});

describe('a role’s token', () => {
  const admin = { ...video, roomAdmin: true };
  const quiet = { ...video, canPublish: false };
  const shows = (role: Role) => ({ attributes: { role } });

  it.each<[string | undefined, Role | undefined, object]>([
    [undefined, 'listener', { video: quiet, ...shows('listener') }],
    [undefined, undefined, { video: quiet, ...shows('listener') }],
    [undefined, undefined, { video: quiet }],
    // LiveKit allows publishing unless the token forbids it, and the chat where publishing is allowed.
    [
      'canPublish: unneeded-grant',
      'listener',
      { video: { ...quiet, canPublish: null }, ...shows('listener') },
    ],
    [
      'canPublishData: forbidden',
      'listener',
      { video: { ...quiet, canPublishData: null }, ...shows('listener') },
    ],
    ['canPublish: forbidden', undefined, { video: quiet, ...shows('member') }],
    [undefined, 'moderator', { video: admin, ...shows('moderator') }],
    [undefined, undefined, { video: admin, ...shows('moderator') }],
    ['roomAdmin: forbidden', 'moderator', shows('moderator')],
    ['role: wrong-role-shown', 'moderator', { video: admin }],
    ['role: wrong-role-shown', 'moderator', { video: admin, ...shows('listener') }],
    ['roomAdmin: unneeded-grant', undefined, { video: admin }],
  ])('has the fault %s as a %s: %j', async (fault, role, change) => {
    const found = await faults({ ...claims, ...change }, { role });
    expect(found).toEqual(fault === undefined ? [] : [expect.stringContaining(fault)]);
  });

  it('marks as withheld what a listener should not have', async () => {
    const findings = await judge({ ...claims, video: quiet }, { role: 'listener' });
    expect(findings.find(({ claim }) => claim === 'video.canPublish')?.verdict).toBe('withheld');
  });
});

describe('a token without expected values', () => {
  const unknown = { room: undefined, reader: undefined, role: undefined };

  it.each([
    ...['123', 'reading-club-', 'reading-club-123 ', 'reading-club-[object Object]'],
    ...['reading-club-undefined', 'reading-club-null', 'reading-club-NaN'],
  ])('should be for a club’s room, which %j is not', async (room) => {
    const elsewhere = { ...claims, video: { ...video, room } };
    expect(await faults(elsewhere, unknown)).toEqual(['warning video.room: not-a-club']);
  });

  it.each(['undefined', 'null', 'NaN'])('should be for a reader, which %j is not', async (sub) => {
    expect(await faults({ ...claims, sub }, unknown)).toEqual(['warning sub: no-reader-id']);
  });
});

describe('with the API key and secret', () => {
  const apiSecret = 'a-secret-of-thirty-two-characters';
  const sign = (payload: object, secret = apiSecret) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));

  it('tells a signature of this secret from another’s', async () => {
    const keys = { ...expected, apiKey: 'devkey', apiSecret };
    expect(answerTo(await judgeToken(await sign(claims), keys)).status).toBe(200);
    expect(answerTo(await judgeToken(await sign(claims, `${apiSecret}\n`), keys)).reason).toMatch(
      /signature is invalid$/,
    );
  });

  it('tells another key', async () => {
    expect(await faults(claims, { apiKey: 'devkey' })).toEqual([]);
    expect(await faults(claims, { apiKey: 'devkey2' })).toEqual(['bad iss: another-key']);
  });

  it('does not show the secret where it stands in the key’s place', async () => {
    const findings = await judgeToken(await sign({ ...claims, iss: apiSecret }), { ...expected, apiSecret });
    expect(findings[0]).toMatchObject({ code: 'secret-as-key', verdict: 'bad' });
    expect(JSON.stringify(findings)).not.toContain(apiSecret);
  });
});

describe('what LiveKit can’t read', () => {
  const whole = unsigned(claims);
  const [head = '', body = ''] = whole.split('.');

  it.each([
    ['nothing', ''],
    ['no JWT', 'not a token'],
    ['two parts', `${head}.${body}`],
    ['four parts', `${whole}.c2ln`],
    ['a header that was cut off', `${head.slice(0, -2)}.${body}.c2ln`],
    ['claims that were cut off', `${head}.${body.slice(0, -2)}.c2ln`],
    ['claims in another base64', `${head}.${body}=.c2ln`],
    ['a signature that was cut off', `${head}.${body}.c2lnc`],
    ['claims that are a list', unsigned([claims])],
    ['no algorithm', unsigned(claims, { typ: 'JWT' })],
    ['an unknown algorithm', unsigned(claims, { alg: 'HS257' })],
    ['a header that is null', unsigned(claims, null)],
    ['an iss that is a number', unsigned({ ...claims, iss: 7 }), 'iss'],
    ['an exp that is a date', unsigned({ ...claims, exp: '2026-11-25' }), 'exp'],
    ['an nbf that is true', unsigned({ ...claims, nbf: true }), 'nbf'],
  ])('is refused as a whole: %s', async (_what, token, claim = 'token') => {
    const findings = await judgeToken(token, expected);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: 'unreadable', claim, verdict: 'bad' });
    expect(answerTo(findings)).toEqual({ status: 401, reason: 'invalid authorization token' });
    expect(JSON.stringify(findings)).not.toContain(body.slice(0, 20));
  });

  it.each(['none', 'HS384', 'RS256'])(
    'is something else than the algorithm %s, which it names',
    async (alg) => {
      const findings = await judgeToken(unsigned(claims, { alg }), { ...expected, apiSecret: 'secret' });
      expect(answerTo(findings).reason).toContain(`signing method ${alg} is invalid`);
    },
  );
});

it('shows what a claim holds on one line, without what a terminal would obey', async () => {
  const findings = await judge({ ...claims, sub: `\u001b[31m\u202e${'x'.repeat(200)}` });
  const value = findings.find(({ claim }) => claim === 'sub')?.value;
  expect(value).toMatch(/^\\u\{1b\}\[31m\\u\{202e\}x+…$/);
  expect(value).toHaveLength(100);
});

it.each(roles)('grants a %s what the endpoint does, and expects the same attributes', async (role) => {
  const granted = Object.entries(signedGrants[role]).filter(([, value]) => value);
  expect(granted.map(([name]) => name).toSorted()).toEqual(grantsOf[role].toSorted());
  const asSigned = { video: { room: video.room, ...signedGrants[role] }, attributes: attributesOf(role) };
  expect(await faults({ ...claims, ...asSigned }, { role })).toEqual([]);
});
