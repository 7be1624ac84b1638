/** The check of a version, on the function itself with one fault at a time, and the rule by which a fault is refused or excused. */
import { expect, test, vi } from 'vitest';
import { claimVariableOf, parseConfig } from '../../../lib/config.ts';
import { roles } from '../../../lib/contract.ts';
import { httpHandler } from '../../../lib/http.ts';
import { createTokenEndpoint } from '../../../lib/token-endpoint.ts';
import { tokenEvent } from '../../../stand-ins/lambda/event.ts';
import type { ReaderRequest } from '../../../token-check/reader-requests.ts';
import {
  type Ask,
  type Fault,
  type FaultCode,
  isExcused,
  NoSuchVersion,
  type Outcome,
  sentenceOn,
  tryVersion,
  unexcused,
} from '../../../token-check/try-version.ts';
import { startAnswering } from '../../support/livekit-answering.ts';

/** Each role's claim is called like the role. */
const everyClaim = Object.fromEntries(roles.map((role) => [claimVariableOf[role], role]));
const configOf = (environment: Record<string, string>) =>
  parseConfig({ LIVEKIT_SECRET_ID: 'booky/livekit', ...environment });

/** The function, with LiveKit answering like this, and a change to what it is asked or answers. */
async function functionWith(options: {
  environment?: Record<string, string>;
  liveKit?: { status: number; body: string };
  change?: (request: ReaderRequest, ask: Ask) => Promise<Outcome>;
}): Promise<{ config: ReturnType<typeof configOf>; ask: Ask }> {
  const { environment = everyClaim, liveKit = { status: 200, body: 'success' }, change } = options;
  const config = configOf(environment);
  const value = {
    apiKey: 'APIkey',
    apiSecret: 'a-secret-of-at-least-32-characters',
    serverUrl: await startAnswering(liveKit),
    versionId: undefined,
    isPrevious: false,
  };
  const get = () => Promise.resolve({ value, readAt: 0, isPastDue: false });
  const handler = httpHandler(createTokenEndpoint(config, { get }, Date.now), () => {}, Date.now);
  const ask: Ask = async ({ claims, body }) => {
    const event = tokenEvent({ ...(claims && { claims }), body });
    if (claims === undefined) event.requestContext.authorizer.jwt.claims = {};
    const { statusCode = 0, headers, body: text = '' } = await handler(event);
    return { reply: { status: statusCode, headers: new Headers(Object(headers)), text } };
  };
  return { config, ask: change === undefined ? ask : (request) => change(request, ask) };
}

const codesOf = (faults: readonly Fault[]) => [...new Set(faults.map(({ code }) => code))];

test.each<[string, Record<string, string>]>([
  ['as every reader’s', {}],
  ['as members’', { CLUBS_CLAIM: 'clubs' }],
  ['as each role’s', everyClaim],
  [
    'with a prefix and claims of the team’s own',
    {
      ...everyClaim,
      CLUBS_PREFIX: '/clubs/',
      IDENTITY_CLAIM: 'email',
      NAME_CLAIM: 'email',
      TOKEN_TTL_SECONDS: '120',
    },
  ],
])('nothing is wrong with the function where clubs are open or configured %s', async (_, environment) => {
  const { config, ask } = await functionWith({ environment });
  expect(await tryVersion(config, ask)).toEqual([]);
});

/** The answer to another request. */
const as = (changes: Partial<ReaderRequest>) => (request: ReaderRequest, ask: Ask) =>
  ask({ ...request, ...changes });
const answering = (status: number, code: string) => async (): Promise<Outcome> => ({
  reply: { status, headers: new Headers(), text: JSON.stringify({ code }) },
});
const withBody =
  (find: RegExp, replace: string) =>
  async (request: ReaderRequest, ask: Ask): Promise<Outcome> => {
    const outcome = await ask(request);
    if ('fault' in outcome) return outcome;
    return { ...outcome, reply: { ...outcome.reply, text: outcome.reply.text.replace(find, replace) } };
  };
const ofMember = { sub: 'check-of-the-deployment', name: 'Check of the deployment' };

const club = 'check-of-the-deployment';
const claiming = (claims: Record<string, string>) => as({ claims: { ...ofMember, ...claims } });

test.each<[string, string, (request: ReaderRequest, ask: Ask) => Promise<Outcome>, FaultCode]>([
  ['lets in', 'a reader who is in no club', claiming({ member: `[${club}]` }), 'let-in'],
  ['lets in', 'a reader without a JWT', claiming({ member: club }), 'let-in'],
  ['makes a moderator of', 'a member', claiming({ moderator: club }), 'wrong-grants'],
  ['gives another reader’s token to', 'a member', claiming({ sub: 'another', member: club }), 'wrong-grants'],
  ['opens another club to', 'a member', as({ body: `{"reading_club_id":"${club}-2"}` }), 'wrong-grants'],
  ['refuses', 'a member of a club with a number', answering(400, 'invalid_request'), 'wrong-answer'],
  ['answers 500 to', 'a reader whose request has no body', answering(500, 'x'), 'wrong-answer'],
  ['gives half an answer to', 'a member', withBody(/"room_name"/, '"room"'), 'wrong-answer'],
])('a version that %s %s is found out', async (_, who, change, code) => {
  const { config, ask } = await functionWith({
    change: (request, askIt) => (request.who === who ? change(request, askIt) : askIt(request)),
  });
  expect(codesOf((await tryVersion(config, ask)).map(({ fault }) => fault))).toEqual([code]);
});

test.each<[string, (request: ReaderRequest, ask: Ask) => Promise<Outcome>, FaultCode]>([
  [
    'has no credentials',
    async (request, ask) =>
      'status' in request.wanted ? ask(request) : answering(503, 'credentials_unavailable')(),
    'credentials-unreadable',
  ],
  ['is configured wrongly', answering(500, 'token_generation_failed'), 'configuration'],
  [
    'uses the previous secret',
    async (request, ask) => ({ ...(await ask(request)), credentials: 'previous' }),
    'credentials-previous',
  ],
])('a version that %s is found out', async (_, change, code) => {
  const { config, ask } = await functionWith({ change });
  expect(codesOf((await tryVersion(config, ask)).map(({ fault }) => fault))).toEqual([code]);
});

test('after a request without an answer no more are sent', async () => {
  const change = vi.fn(async () => ({ fault: { code: 'timed-out', did: 'did not answer' } as const }));
  const { config, ask } = await functionWith({ change });
  expect(await tryVersion(config, ask)).toHaveLength(1);
  expect(change).toHaveBeenCalledTimes(1);
});

test('credentials that are stale for a moment are no fault', async () => {
  let times = 0;
  const { config, ask } = await functionWith({
    change: async (request, askIt) => {
      times += 1;
      return { ...(await askIt(request)), credentials: times === 1 ? 'stale' : undefined };
    },
  });
  expect(await tryVersion(config, ask)).toEqual([]);
});

test('what LiveKit says of a token is a fault of the surroundings', async () => {
  const refusing = await functionWith({ liveKit: { status: 401, body: 'invalid API key' } });
  const found = await tryVersion(refusing.config, refusing.ask);
  expect(codesOf(found.map(({ fault }) => fault))).toEqual(['livekit-refuses']);

  const good = await functionWith({});
  expect(codesOf(await unexcused(found, good.ask))).toEqual(['livekit-refuses']);
  expect(await unexcused(found, refusing.ask)).toEqual([]);
  expect(await unexcused(found, () => Promise.reject(new NoSuchVersion()))).toEqual([]);
});

const always: FaultCode[] = ['credentials-stale', 'credentials-previous'];
const never: FaultCode[] = ['let-in', 'wrong-grants', 'not-checked'];
const own: FaultCode[] = ['crashed', 'timed-out', 'configuration', 'wrong-answer'];
const ofLiveKit: FaultCode[] = ['livekit-unreachable', 'livekit-refuses'];
const surroundings: FaultCode[] = ['throttled', 'credentials-unreadable', ...ofLiveKit];
const all = [...never, ...own, ...surroundings, ...always];

test.each<[string, FaultCode[] | undefined, FaultCode[]]>([
  ['there is none before', undefined, [...surroundings, ...always]],
  ['the one in place answers well', [], always],
  ['the one in place crashes', ['crashed'], [...own, ...surroundings, ...always]],
  // The outage may end, and a version that fails by itself would outlast it.
  ['the one in place has no credentials', ['credentials-unreadable'], [...surroundings, ...always]],
  ['the one in place is throttled', ['throttled'], [...surroundings, ...always]],
  ['the one in place lives on old credentials', ['credentials-stale'], [...ofLiveKit, ...always]],
  ['the one in place is refused by LiveKit', ['livekit-refuses'], [...ofLiveKit, ...always]],
  // It may have other parameters.
  ['the one in place refuses a member', ['wrong-answer'], [...ofLiveKit, ...always]],
  ['the one in place lets everybody in', ['let-in'], [...ofLiveKit, ...always]],
])('where %s, a version may have these faults', (_, live, excused) => {
  const fault = (code: FaultCode): Fault => ({ code, did: '' });
  const may = all.filter((code) => isExcused(fault(code), live?.map(fault)));
  expect(may.toSorted()).toEqual(excused.toSorted());
});

test('the sentence names each kind of fault once, and holds no token', () => {
  const faults: Fault[] = [
    { code: 'crashed', did: 'crashed at the request of a member' },
    { code: 'crashed', did: 'crashed at the request of a listener' },
    { code: 'wrong-answer', did: 'answered eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln' },
  ];
  expect(sentenceOn('The new version', faults)).toBe(
    'The new version crashed at the request of a member; it answered <token>.',
  );
});
