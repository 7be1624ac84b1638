/**
 * Every way in which LiveKit refuses a token, shown to a server of each era, and what the judge says that they will answer. The
 * rows follow the server branch by branch: `pkg/service/auth.go`, `auth/verifier.go` of livekit/protocol, then
 * `ValidateConnectRequest` in `pkg/service/utils.go`, and the room allocator.
 */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { answerTo, type Era, eras, type Finding, type LiveKitAnswer } from '../../token-check/finding.ts';
import { judgeToken } from '../../token-check/judge-token.ts';
import { explainAnswer } from '../../token-check/refusals.ts';
import {
  anyToken,
  assembled,
  claims,
  claimsOf,
  encode,
  seconds,
  signed,
  withVideo,
} from './support/any-token.ts';
import { apiKey, apiSecret } from './support/stack.ts';
import { ask, startVerifiers, validate } from './support/verifiers.ts';

const { liveKitUrl } = inject('stack');
let verifiers: Awaited<ReturnType<typeof startVerifiers>>;
beforeAll(async () => {
  verifiers = await startVerifiers();
});
afterAll(() => verifiers?.close());

const judge = (token: string) => judgeToken(token, { apiKey, apiSecret });

/** Whether the judge foretold this; `…` at the end of its words stands for more. */
function isForetold(judged: LiveKitAnswer, answered: LiveKitAnswer): boolean {
  const [start = '', more] = judged.reason.split('…');
  const hasWords = more === undefined ? answered.reason === start : answered.reason.startsWith(start);
  return hasWords && answered.status === judged.status;
}

/** Where a server may answer in another way than the judge says, and why the judge does not follow. */
const accepted: { reason: string; eras: readonly Era[]; when: (case_: Case) => boolean }[] = [
  {
    reason: 'older servers do not know these grants, and do not look at their types',
    eras: eras.slice(1),
    when: ({ findings }) =>
      findings.some(
        ({ code, claim }) =>
          code === 'wrong-type' &&
          /^(agentEndpoint|agentThread|agent\.|video.canManageAgentSession)/.test(claim),
      ),
  },
  {
    reason: 'go-jose heeds upper and lower case; the judge warns of another case',
    eras: ['up to 1.12'],
    when: ({ token }) => /"(Sub|Video|ROOM|roomjoin)"/.test(JSON.stringify(claimsOf(token))),
  },
  {
    reason:
      'up to 1.12 roomConfig may not have fields that the server does not know; no reader needs roomConfig',
    eras: ['up to 1.12'],
    when: ({ answered }) => answered.reason.includes('unknown field'),
  },
  {
    reason: 'of several faults go-jose names another one first',
    eras: ['up to 1.12'],
    when: ({ findings, judged, answered }) =>
      judged.status === answered.status &&
      findings.filter(({ answers }) => answers['up to 1.12'].status !== 200).length > 1,
  },
  {
    reason: 'go-jose reads any algorithm’s name, and base64 with padding',
    eras: ['up to 1.12'],
    when: ({ findings, answered }) => findings[0]?.claim === 'token' && answered.status === 401,
  },
  {
    reason: 'go-jose reads no null as aud, and no quoted time, of which the judge may name a worse fault',
    eras: ['up to 1.12'],
    when: ({ token }) => /"aud":null|"(exp|nbf|iat)":"/.test(JSON.stringify(claimsOf(token))),
  },
  {
    reason: 'of a name in two spellings Go reads both, the judge the last',
    eras,
    when: ({ token }) =>
      /"sub".*"Sub"|agentName.*agent_name|agent_name.*agentName/.test(JSON.stringify(claimsOf(token))),
  },
];
const met = new Set<string>();

interface Case {
  token: string;
  findings: readonly Finding[];
  judged: LiveKitAnswer;
  answered: LiveKitAnswer;
}

/** What servers answer in another way than the judge foretold, but for what is accepted. */
async function differences(token: string, findings: readonly Finding[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const era of eras) {
    const [judged, answered] = [answerTo(findings, era), await validate(verifiers.urls[era], token)];
    seen[era].push(answered);
    if (isForetold(judged, answered)) continue;
    const difference = { token, findings, judged, answered };
    const reasons = accepted.filter(({ eras, when }) => eras.includes(era) && when(difference));
    for (const { reason } of reasons) met.add(reason);
    if (reasons.length === 0) found.push({ era, judged, answered, claims: claimsOf(token) });
  }
  return found;
}

/** All answers, for the comparison with docs/verify.md. */
const seen: Record<Era, LiveKitAnswer[]> = { 'from 1.13.6': [], '1.13.3 to 1.13.5': [], 'up to 1.12': [] };

const tokens: [branch: string, code: string, token: () => string][] = [
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
  ['an algorithm that nobody knows', 'unreadable', () => assembled({ alg: 'HS257' })],
  ['an iss that is a number', 'unreadable', () => assembled({ alg: 'HS256' }, { ...claims({}), iss: 7 })],
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
  ['a video grant that is a list', 'wrong-type', () => signed({ video: [] })],
  ['a roomJoin that is text', 'wrong-type', () => withVideo({ roomJoin: 'true' })],
  ['a grant of telephony that is a number', 'wrong-type', () => signed({ sip: { admin: 0 } })],
  ['a room’s limit that is text', 'wrong-type', () => signed({ roomConfig: { max_participants: 'ten' } })],
  [
    'an agent’s metadata that are an object',
    'wrong-type',
    () => signed({ roomConfig: { agents: [{ agentName: 'a', metadata: {} }] } }),
  ],
  ['HS512', 'wrong-algorithm', () => signed({}, { alg: 'HS512' })],
  ['RS256', 'wrong-algorithm', () => assembled({ alg: 'RS256' })],
  ['EdDSA', 'wrong-algorithm', () => assembled({ alg: 'EdDSA' })],
  ['no signature: none', 'wrong-algorithm', () => `${encode({ alg: 'none' })}.${encode(claims({}))}.`],
  ['another secret', 'wrong-secret', () => signed({}, { secret: 'another-secret-of-thirty-two-bytes' })],
  ['a secret with a line break', 'wrong-secret', () => signed({}, { secret: `${apiSecret}\n` })],
  ['an empty signature', 'wrong-secret', () => signed({}).replace(/[^.]+$/, '')],
  ['no exp', 'never-expires', () => signed({ exp: undefined })],
  ['no exp and not yet valid', 'never-expires', () => signed({ exp: null, nbf: seconds() + 70 })],
  ['expired', 'expired', () => signed({ exp: seconds() - 61 })],
  ['not yet valid', 'not-yet-valid', () => signed({ nbf: seconds() + 70 })],
  ['an nbf in milliseconds', 'not-yet-valid', () => signed({ nbf: Date.now() })],
  ['expired and not yet valid', 'expired', () => signed({ exp: seconds() - 100, nbf: seconds() + 100 })],
  // ValidateConnectRequest
  ['no video grant', 'no-video-grant', () => signed({ video: undefined })],
  ['an empty video grant', 'empty-video-grant', () => signed({ video: {} })],
  ['no roomJoin', 'no-room-join', () => withVideo({ roomJoin: undefined })],
  ['another spelling', 'no-room-join', () => withVideo({ roomJoin: undefined, room_join: true })],
  ['no identity', 'no-identity', () => signed({ sub: undefined })],
  ['an identity of 257 bytes', 'identity-too-long', () => signed({ sub: `${'ä'.repeat(128)}a` })],
  ['no room', 'no-room', () => withVideo({ room: undefined })],
  ['a room of 257 bytes', 'room-too-long', () => withVideo({ room: `${'ä'.repeat(128)}a` })],
  // let in
  ['what the endpoint signs', 'good', () => signed({})],
  ['who expired less than a minute ago', 'good', () => signed({ exp: seconds() - 50 })],
  ['who begins in less than a minute', 'good', () => signed({ nbf: seconds() + 55 })],
  ['an iat in the future', 'good', () => signed({ iat: seconds() + 100 })],
  [
    'null within lists and attributes',
    'good',
    () => signed({ kindDetails: [null], attributes: { avatar: null } }),
  ],
  ['sources that are null or unknown', 'good', () => withVideo({ canPublishSources: [null, 'mic'] })],
  ['an exp in quotes', 'good', () => signed({ exp: String(seconds() + 600) })],
  ['an identity of 256 bytes', 'good', () => signed({ sub: 'ä'.repeat(128) })],
  ['a room of 256 bytes', 'good', () => withVideo({ room: 'ä'.repeat(128) })],
  ['any room, since a wrong one does not exist', 'good', () => withVideo({ room: 'anything' })],
  ['a null audience', 'good', () => signed({ aud: null })],
  ['a name in two spellings', 'good', () => signed({ sub: 7, Sub: 'user-001' })],
  ['grants in another case', 'good', () => signed({ video: { ROOM: 'x', roomjoin: true } })],
];

test.each(tokens)('LiveKit answers as judgeToken says: %s (%s)', async (_branch, code, token) => {
  const text = token();
  const findings = await judge(text);
  expect(await differences(text, findings)).toEqual([]);
  const refusing = findings.find(({ answers }) => answers['from 1.13.6'].status !== 200);
  expect(refusing?.code ?? 'good').toBe(code);
  expect(refusing?.remedy).toEqual(code === 'good' ? undefined : expect.any(String));
});

test('Generated tokens get the answers that judgeToken says, but for what is listed; docs/verify.md has their words', async () => {
  const unforeseen: unknown[] = [];
  for (const token of [
    ...tokens.map(([, , sign]) => sign()),
    ...fc.sample(anyToken, { seed: 25, numRuns: 1_000 }),
  ]) {
    unforeseen.push(...(await differences(token, await judge(token))));
  }
  expect(unforeseen).toEqual([]);
  expect(accepted.filter(({ reason }) => !met.has(reason))).toEqual([]);

  const page = await readFile(new URL('../../docs/verify.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d{3}) `([^`]+)`[^|]*\| (?:`([^`]+)`)?/gm)];
  for (const era of eras) {
    const answers = seen[era].filter(({ status }) => status !== 200);
    for (const code of new Set(answers.map((answer) => explainAnswer(answer)?.code))) {
      const row = rows.find(
        ([, status, reason = '']) => explainAnswer({ status: Number(status), reason })?.code === code,
      );
      const words = (era === 'up to 1.12' ? row?.[3] : undefined) ?? row?.[2] ?? 'no row';
      const isSaid = answers.some(({ reason }) => words.split('…').every((word) => reason.includes(word)));
      expect({ era, code, words, isSaid }).toMatchObject({ isSaid: true });
    }
  }
});

describe('LiveKit refuses wrong requests with a good token, and explainAnswer says why', () => {
  const asked = (query: string) => () => ask(liveKitUrl, query, { authorization: `Bearer ${signed({})}` });
  const attributes = Buffer.from('{"a":"b"}').toString('base64url');

  test.each<[string, number, string | undefined, () => Promise<LiveKitAnswer>]>([
    ['no token at all', 401, 'no-video-grant', () => ask(liveKitUrl, '', {})],
    ['a header without Bearer', 401, 'no-bearer', () => ask(liveKitUrl, '', { authorization: signed({}) })],
    ['attributes without canUpdateOwnMetadata', 401, 'no-video-grant', asked(`?attributes=${attributes}`)],
    ['attributes that can’t be decoded', 400, undefined, asked('?attributes=!')],
    [
      'a second connection to publish, without canPublish',
      401,
      'no-video-grant',
      () => ask(liveKitUrl, '?publish=x', { authorization: `Bearer ${withVideo({ canPublish: false })}` }),
    ],
  ])('%s', async (_what, status, code, answered) => {
    const answer = await answered();
    expect(answer.status).toBe(status);
    expect(explainAnswer(answer)?.code).toBe(code);
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
    const answer = await validate(url, signed({}));
    expect(answer).toEqual({ status: 404, reason: 'requested room does not exist' });
    expect(explainAnswer(answer)?.code).toBe('room-must-exist');
  });

  test('lets it in when the room was created beforehand', async () => {
    const room = 'reading-club-created';
    await new RoomServiceClient(url, apiKey, apiSecret).createRoom({ name: room });
    expect((await validate(url, withVideo({ room }))).status).toBe(200);
  });
});
