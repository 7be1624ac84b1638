import { describe, expect, it } from 'vitest';
import { type Role, roles } from '../../../lib/contract.ts';
import { attributesOf, grants as signedGrants } from '../../../lib/grants.ts';
import { answerTo, foretell } from '../../../token-check/finding.ts';
import { type Expected, judgePasted, judgeToken } from '../../../token-check/judge-token.ts';
import { explainAnswer } from '../../../token-check/refusals.ts';
import { grantsOf } from '../../../token-check/rules.ts';
import {
  apiKey,
  apiSecret,
  claims as claimsAt,
  signed,
  tokenOf,
  tokens,
  video,
} from '../../support/tokens.ts';

const now = 1_800_000_000;
const expected: Expected = { room: video.room, reader: 'user-001', role: 'member', now };
const claims = claimsAt({}, now);

const judge = (payload: object, changes: Partial<Expected> = {}) =>
  judgeToken(signed(payload), { ...expected, ...changes });

/** What is not as it should be, as `verdict claim: code`. */
async function faults(payload: object, changes: Partial<Expected> = {}): Promise<string[]> {
  return faultsIn(await judge(payload, changes));
}

function faultsIn(findings: Awaited<ReturnType<typeof judge>>): string[] {
  return findings
    .filter(({ verdict }) => verdict === 'bad' || verdict === 'warning')
    .map(({ verdict, claim, code }) => `${verdict} ${claim}: ${code}`);
}

it.each(tokens)('finds “%s” (%s) in a token with %j', async (listed, refusal, made) => {
  const token = tokenOf(made, now);
  const findings = await judgeToken(token, { ...expected, apiKey, apiSecret });
  expect(faultsIn(findings).join(', ')).toBe(listed);
  expect(explainAnswer(answerTo(findings))?.code ?? '').toBe(refusal);
  expect(findings.filter(({ verdict, remedy }) => verdict === 'bad' && !remedy)).toEqual([]);
  expect(JSON.stringify(findings)).not.toContain(token.split('.')[1] || 'eyJ');
  // The API secret may stand in the key's place.
  expect(findings.filter(({ value }) => value === apiSecret)).toEqual([]);
});

describe('a member’s token', () => {
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
    [
      'an iat west of UTC',
      'a local time was signed as UTC',
      { nbf: undefined, iat: now - 18_010, exp: now - 17_400 },
    ],
    [
      'an iat east of UTC',
      'a local time was signed as UTC',
      { nbf: undefined, iat: now + 7_195, exp: now + 7_800 },
    ],
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
    expect(findings.map((finding) => finding.remedy).join(' ')).toContain(remedy);
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

  it.each(['undefined', 'null', 'NaN', '[object Object]', '[object Promise]'])(
    'should be for a reader, which %j is not',
    async (sub) => {
      expect(await faults({ ...claims, sub }, unknown)).toEqual(['warning sub: no-reader-id']);
    },
  );
});

it.each([
  ['will let this token in. Key and signature were not compared.', {}],
  ['will let this token in, but it is not as it should be: one cross.', { kind: 'agent' }],
  [
    'may let this token in, but it is not as it should be: one cross.',
    { roomConfig: { egress: { room: {} } } },
  ],
])('concludes that LiveKit %s', async (conclusion, change) => {
  const pasted = await judgePasted(signed({ ...claims, ...change }), expected);
  expect(pasted.conclusion).toContain(`LiveKit ${conclusion}`);
});

it('does not foretell what LiveKit answers to a recording', async () => {
  const findings = await judge({ ...claims, roomConfig: { egress: { room: { fileOutputs: {} } } } });
  expect(findings.map(foretell).filter(Boolean)).toEqual([]);
});

it('does not look for an API key where it knows none', async () => {
  expect(await faults({ ...claims, iss: 'another' })).toEqual([]);
  expect(await faults({ ...claims, iss: 'https://issuer.example' })).toEqual(['bad iss: not-for-livekit']);
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

it.each([
  ['bad exp: expired', { exp: now - 60 }],
  ['warning exp: just-expired', { exp: now - 59 }],
  ['bad nbf: not-yet-valid', { nbf: now + 61 }],
  [undefined, { nbf: now + 60 }],
  [undefined, { exp: now + 3_600 }],
])('has a limit: %s for %j', async (fault, change) => {
  expect((await faults({ ...claims, ...change }))[0]).toBe(fault);
});
