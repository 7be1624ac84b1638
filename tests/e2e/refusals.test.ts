/** What servers of each era answer to the tokens of tests/support/tokens.ts and to generated ones, and what the judge says of it. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { answerTo, type Era, eras, type Finding, type LiveKitAnswer } from '../../token-check/finding.ts';
import { judgeToken } from '../../token-check/judge-token.ts';
import { explainAnswer } from '../../token-check/refusals.ts';
import { apiKey, apiSecret, claims, signed, tokenOf, tokens, video } from '../support/tokens.ts';
import { anyToken, claimsOf } from './support/any-token.ts';
import { ask, startVerifiers, validate } from './support/verifiers.ts';

const { liveKitUrl } = inject('stack');
let verifiers: Awaited<ReturnType<typeof startVerifiers>>;
beforeAll(async () => {
  verifiers = await startVerifiers();
});
afterAll(() => verifiers?.close());

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
    reason: 'the judge does not repeat an API secret that stands in the place of the key',
    eras: eras.slice(1),
    when: ({ findings }) => findings[0]?.code === 'secret-as-key',
  },
  {
    reason: 'go-jose heeds upper and lower case; the judge warns of another case',
    eras: ['up to 1.12'],
    when: ({ token }) => /"(Sub|Write|Room|roomjoin)"/.test(JSON.stringify(claimsOf(token))),
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
    reason: 'the fields of recordings are not checked: the judge says that LiveKit may let the token in',
    eras,
    when: ({ findings }) => findings.some(({ code }) => code === 'recording'),
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

test('servers answer the table’s tokens and generated ones as judgeToken says, but for what is listed; docs/verify.md has their words', async () => {
  const unforeseen: unknown[] = [];
  const made = tokens.map(([, , change]) => change);
  for (const change of [
    ...made,
    ...fc.sample(anyToken, { seed: 25, numRuns: 1_000 }).map((token) => () => token),
  ]) {
    const token = tokenOf(change);
    unforeseen.push(...(await differences(token, await judgeToken(token, { apiKey, apiSecret }))));
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
  const asked = (query: string) => () => ask(liveKitUrl, query, { authorization: `Bearer ${signed()}` });
  const attributes = Buffer.from('{"a":"b"}').toString('base64url');

  test.each<[string, number, string | undefined, () => Promise<LiveKitAnswer>]>([
    ['no token at all', 401, 'no-video-grant', () => ask(liveKitUrl, '', {})],
    ['a header without Bearer', 401, 'no-bearer', () => ask(liveKitUrl, '', { authorization: signed() })],
    ['attributes without canUpdateOwnMetadata', 401, 'no-video-grant', asked(`?attributes=${attributes}`)],
    ['attributes that can’t be decoded', 400, undefined, asked('?attributes=!')],
    [
      'a second connection to publish, without canPublish',
      401,
      'no-video-grant',
      () =>
        ask(liveKitUrl, '?publish=x', {
          authorization: `Bearer ${signed(claims({ video: { ...video, canPublish: false } }))}`,
        }),
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
    const answer = await validate(url, signed());
    expect(answer).toEqual({ status: 404, reason: 'requested room does not exist' });
    expect(explainAnswer(answer)?.code).toBe('room-must-exist');
  });

  test('lets it in when the room was created beforehand', async () => {
    const room = 'reading-club-created';
    await new RoomServiceClient(url, apiKey, apiSecret).createRoom({ name: room });
    expect((await validate(url, signed(claims({ video: { ...video, room } })))).status).toBe(200);
  });
});
