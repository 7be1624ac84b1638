import { getEventListeners } from 'node:events';
import { UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { browserLanguage, type Language, TokenError, textsForReaders } from '../../../client/index.ts';
import { createTokenClient, type TokenClientOptions } from '../../../client/token-client.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answer } from './support/answer.ts';
import { held } from './support/held.ts';

const url = 'https://api.booky.example/api/reading-clubs/meetings/token';
const request = { reading_club_id: 123 };

/** An answer, what `fetch` rejects with, or silence until the request is aborted. */
type Outcome = { status: number; body?: unknown; headers?: Record<string, string> } | Error | 'silence';

const ok: Outcome = { status: 200, body: answer };
const says = (status: number, body: object, retryAfter?: string): Outcome => ({
  status,
  body,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
});
const endpointSays = (status: number, code: string, retryAfter?: string) =>
  says(status, { error: 'In words.', code, request_id: 'request-1' }, retryAfter);
const gatewaySays = (status: number, retryAfter?: string) =>
  says(status, { message: 'In words.' }, retryAfter);
const notAMember = endpointSays(403, 'not_a_member');
const unavailable = (retryAfter?: string) => endpointSays(503, 'credentials_unavailable', retryAfter);
const brokenOff = () =>
  new ReadableStream({ start: (stream) => stream.error(new TypeError('network error')) });

afterEach(() => void vi.unstubAllGlobals());

/** A client of an endpoint that gives these answers, one after the other, and then repeats the last one. */
function setUp(outcomes: (Outcome | Promise<Outcome>)[], options: Partial<TokenClientOptions> = {}) {
  const clock = manualClock();
  const start = clock.now();
  const renewed: number[] = [];
  const sent: RequestInit[] = [];
  const sentAt: number[] = [];
  const client = createTokenClient({
    url,
    getBearer: (renew) => {
      if (renew) renewed.push(sent.length);
      return `jwt-${renewed.length}`;
    },
    clock,
    random: () => 1,
    fetch: async (input, init = {}) => {
      expect(input).toBe(url);
      sent.push(init);
      sentAt.push(clock.now() - start);
      const outcome = await (outcomes.length > 1 ? outcomes.shift() : outcomes[0]);
      if (outcome === 'silence') {
        return new Promise((_, reject) =>
          init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
        );
      }
      if (outcome === undefined || outcome instanceof Error) throw outcome;
      const { body, ...init_ } = outcome;
      const isReady = typeof body === 'string' || body instanceof ReadableStream;
      return new Response(isReady ? body : JSON.stringify(body), init_);
    },
    ...options,
  });
  /** What a call ends with, when this time has passed; then nothing waits any more. */
  const ask = async (ms = 0, signal?: AbortSignal): Promise<unknown> => {
    const asked = client.getToken(request, { signal }).catch((error: unknown) => error);
    await clock.advance(ms);
    return asked;
  };
  return { client, clock, sent, sentAt, renewed, ask };
}

describe('a request', () => {
  test('is the contract’s, with the bearer, and its answer comes as it is', async () => {
    const { client, sent, renewed, clock } = setUp([ok]);
    const { signal } = new AbortController();
    const body = { reading_club_id: 'poems', participant_name: 'Ana' };
    expect(await client.getToken(body, { signal })).toEqual(answer);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(sent).toMatchObject([
      {
        method: 'POST',
        headers: { authorization: 'Bearer jwt-0', 'content-type': 'application/json' },
        body: '{"reading_club_id":"poems","participant_name":"Ana"}',
      },
    ]);
    expect(renewed).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('is not sent where the bearer can’t be had: the call rejects with that', async () => {
    const { ask, sent, clock } = setUp([ok], { getBearer: () => Promise.reject(new Error('signed out')) });
    expect(await ask()).toEqual(new Error('signed out'));
    expect(sent).toEqual([]);
    expect(clock.pending()).toBe(0);
  });
});

test.each<[string, Outcome[], number[], number]>([
  ['once after not_a_member, at once', [notAMember, ok], [1], 2],
  ['once after unauthenticated', [endpointSays(401, 'unauthenticated'), ok], [1], 2],
  ['once after a 401 of the gateway', [gatewaySays(401), ok], [1], 2],
  ['not twice', [notAMember], [1], 2],
  ['not twice for the other reason either', [gatewaySays(401), notAMember], [1], 2],
  ['not again for the tries after that', [notAMember, unavailable(), ok], [1], 3],
  ['not after a missing scope', [gatewaySays(403), ok], [], 1],
  ['not after a faulty request', [endpointSays(400, 'invalid_request'), ok], [], 1],
])('the bearer is renewed %s', async (_when, outcomes, renewals, requests) => {
  const { ask, renewed, sent } = setUp(outcomes);
  await ask(500);
  expect(renewed).toEqual(renewals);
  const bearers = sent.map(({ headers }) => new Headers(headers).get('authorization'));
  const expected = Array.from({ length: requests }, (_, index) => `Bearer jwt-${Math.min(index, 1)}`);
  expect(bearers).toEqual(renewals.length > 0 ? expected : ['Bearer jwt-0']);
});

test.each<[string, Outcome[], number[], Partial<TokenClientOptions>?]>([
  ['after a 503 of the endpoint', [unavailable('7'), ok], [0, 7_500]],
  ['after a 503 of the gateway', [gatewaySays(503, '7'), ok], [0, 7_500]],
  ['after a 429', [gatewaySays(429, '7'), ok], [0, 7_500]],
  ['after a 502', [gatewaySays(502), ok], [0, 500]],
  ['after a rejected fetch', [new TypeError('Failed to fetch'), ok], [0, 500]],
  ['after a body that breaks off', [{ status: 200, body: brokenOff() }, ok], [0, 500]],
  ['after half a body', [{ status: 200, body: JSON.stringify(answer).slice(0, 40) }, ok], [0, 500]],
  ['after no body', [{ status: 200, body: '' }, ok], [0, 500]],
  ['after random waits', [unavailable('7'), ok], [0, 7_000], { random: () => 0 }],
  ['four times, after waits that double', [gatewaySays(500)], [0, 500, 1_500, 3_500, 7_500]],
  ['after any part of them', [gatewaySays(500)], [0, 0, 0, 0, 0], { random: () => 0 }],
  ['ever later after a 429', [gatewaySays(429)], [0, 0, 500, 1_500, 3_500], { random: () => 0 }],
  ['after 8 s at most', [gatewaySays(500)], [0, 500, 1_500, 3_500, 7_500, 15_500, 23_500], { retries: 6 }],
  ['not when it was told so', [unavailable(), ok], [0], { retries: 0 }],
  ['not after a 403', [gatewaySays(403, '1'), ok], [0]],
  ['in time', [unavailable('29'), ok], [0, 29_500]],
  ['not as late as the timeout', [unavailable('30'), ok], [0], { random: () => 0 }],
  ['not later in all', [unavailable('29'), unavailable('1')], [0, 29_500]],
])('a request is sent again %s', async (_when, outcomes, times, options) => {
  const { ask, sentAt, clock } = setUp(outcomes, options);
  const end = await ask(29_999);
  expect(sentAt).toEqual(times);
  if (end instanceof TokenError) expect(end.code).not.toBe('timeout');
  else expect(end).toEqual(answer);
  expect(clock.pending()).toBe(0);
});

describe('an endpoint that does not answer', () => {
  test('is given up after the timeout, and the request is aborted', async () => {
    const { client, clock, sent } = setUp(['silence'], { retries: 0 });
    const error = client.getToken(request).catch((caught: unknown) => caught);
    await clock.advance(29_999);
    expect(sent[0]?.signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await error).toMatchObject({ code: 'timeout', isWorthRetrying: true });
    expect(sent[0]?.signal?.aborted).toBe(true);
    expect(clock.pending()).toBe(0);
  });

  test('is one too where tries before it took the time, or the bearer does not come', async () => {
    const tried = setUp([unavailable('9'), 'silence'], { timeoutMs: 10_000 });
    expect(await tried.ask(10_000)).toMatchObject({ code: 'timeout' });
    const unsent = setUp([ok], { getBearer: () => new Promise(() => {}), timeoutMs: 500 });
    expect(await unsent.ask(500)).toMatchObject({ code: 'timeout' });
  });

  test('is not asked again while the browser is offline: that is said at once, with the cause', async () => {
    vi.stubGlobal('navigator', { onLine: false });
    const cause = new TypeError('Failed to fetch');
    const { ask, sentAt } = setUp([cause, ok]);
    expect(await ask()).toMatchObject({ code: 'no_answer', status: undefined, cause, isWorthRetrying: true });
    expect(sentAt).toEqual([0]);
  });
});

describe('callers', () => {
  test('who ask for the same at once share one request; who asks later, or for something else, has one of their own', async () => {
    const { client, sent } = setUp([ok]);
    const [first, second] = await Promise.all([client.getToken(request), client.getToken({ ...request })]);
    expect(first).toBe(second);
    expect(sent).toHaveLength(1);
    await Promise.all([client.getToken(request), client.getToken({ reading_club_id: 124 })]);
    expect(sent).toHaveLength(3);
  });

  test('may abort alone: the request continues for the others', async () => {
    const { client, ask, clock, sent } = setUp([unavailable('5'), ok]);
    const leaving = new AbortController();
    const left = ask(0, leaving.signal);
    const stays = client.getToken(request);
    await clock.settle();
    leaving.abort(new Error('the reader went elsewhere'));
    expect(await left).toBe(leaving.signal.reason);
    expect(sent[0]?.signal?.aborted).toBe(false);
    await clock.advance(5_500);
    expect(await stays).toEqual(answer);
  });

  test.each<[string, Outcome]>([
    ['the request', 'silence'],
    ['the waiting', unavailable('5')],
  ])('who have all left end %s, and who comes after them begins anew', async (_what, outcome) => {
    const { ask, clock, sent } = setUp([outcome, ok]);
    const leaving = new AbortController();
    const left = Promise.all([ask(0, leaving.signal), ask(0, leaving.signal)]);
    await clock.settle();
    leaving.abort();
    expect(await left).toEqual([leaving.signal.reason, leaving.signal.reason]);
    expect(sent[0]?.signal?.aborted).toBe(true);
    await clock.advance(60_000);
    expect(clock.pending()).toBe(0);
    expect(sent).toHaveLength(1);
    expect(await ask()).toEqual(answer);
  });

  test('who have left before a request is sent send none', async () => {
    const { ask, sent } = setUp([ok], { getBearer: () => new Promise(() => {}) });
    const signal = AbortSignal.abort();
    expect(await ask(0, signal)).toBe(signal.reason);
    const leaving = new AbortController();
    const left = ask(0, leaving.signal);
    leaving.abort();
    expect(await left).toBe(leaving.signal.reason);
    expect(sent).toEqual([]);
  });

  test('need no more of signals than the abort-controller of an old React Native has', async () => {
    /** Its signals have neither a reason nor `throwIfAborted`. */
    class OldController {
      readonly signal = Object.assign(new EventTarget(), {
        aborted: false,
        reason: undefined,
        onabort: null,
      });
      abort() {
        this.signal.aborted = true;
        this.signal.dispatchEvent(new Event('abort'));
      }
    }
    vi.stubGlobal('AbortController', OldController);
    const { ask, clock } = setUp([ok, 'silence']);
    expect(await ask()).toEqual(answer);
    expect(await ask(30_000)).toMatchObject({ code: 'timeout' });
    const leaving = new AbortController();
    const left = ask(0, leaving.signal);
    await clock.settle();
    leaving.abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    expect(await ask(0, leaving.signal)).toMatchObject({ name: 'AbortError' });
  });
});

describe('two readers of one browser', () => {
  const jwtOf = (sub: string, iat: number) => new UnsecuredJWT({ sub, iat }).encode();
  const tokenOf = (token: string): Outcome => ({ status: 200, body: { ...answer, token } });
  const a = 'user-á???>>>~~~';

  /** A's request is under way when `next` is signed in; `renewed` comes when the bearer is renewed. */
  const aAsks = async (next: string, renewed = '') => {
    let bearer = jwtOf(a, 1);
    const { promise, settle } = held<Outcome>();
    const getBearer = (renew: boolean) => (renew && renewed) || bearer;
    const set = setUp([promise, tokenOf('b')], { getBearer });
    const ofA = set.client.getToken(request).catch((error: unknown) => error);
    await set.clock.settle();
    bearer = next;
    return { ...set, ofA, settle };
  };

  test('share no request: each gets a token of their own, or none', async () => {
    const { ask, sent, ofA, settle } = await aAsks(jwtOf('user-b', 2));
    expect(await ask()).toMatchObject({ token: 'b' });
    expect(sent).toHaveLength(2);
    settle(tokenOf('a'));
    // A has signed out: whoever joins with this token now is not A.
    expect(await ofA).toMatchObject({ code: 'unauthenticated' });
  });

  const refused = { code: 'unauthenticated' };
  test.each<[string, string, Outcome, object, string?]>([
    ['are told apart while one waits', jwtOf('user-b', 2), unavailable('5'), refused],
    ['are told apart by a renewal', jwtOf(a, 1), gatewaySays(401), refused, jwtOf('user-b', 2)],
    ['are not nobody, who has signed out', '', ok, refused],
    ['are not one who has renewed their JWT', jwtOf(a, 2), ok, answer],
    ['are not one whose JWT can’t be read', 'opaque', ok, answer],
    ['are not one whose JWT has no sub', new UnsecuredJWT({}).encode(), ok, answer],
  ])('%s', async (_what, next, outcome, end, renewed) => {
    const { clock, sent, ofA, settle } = await aAsks(next, renewed);
    settle(outcome);
    await clock.advance(5_500);
    expect(await ofA).toMatchObject(end);
    expect(sent).toHaveLength(1);
  });
});

test.each<[string, string, string, object, number]>([
  ['given again to who has it', 'jwt-2', 'jwt-2', { token: 'a' }, 2],
  ['not given to the next reader', 'jwt-2', 'jwt-3', { token: 'b' }, 3],
  ['not given to nobody', 'jwt-2', '', { code: 'unauthenticated' }, 3],
])('a kept answer is %s', async (_what, renewed, next, end, requests) => {
  const tokens = ['a', 'b'].map((token): Outcome => ({ status: 200, body: { ...answer, token } }));
  let bearer = 'jwt-1';
  const getBearer = (renew: boolean) => {
    if (renew) bearer = renewed;
    return bearer;
  };
  const { client, sent } = setUp([gatewaySays(401), ...tokens], { getBearer });
  const kept = await client.getToken(request);
  bearer = next;
  expect(await client.getToken(request, { kept }).catch((error: unknown) => error)).toMatchObject(end);
  expect(sent).toHaveLength(requests);
});

describe('what a reader is told', () => {
  test('stands in each language for each code', () => {
    const { en, es } = textsForReaders;
    expect(Object.keys(es)).toEqual(Object.keys(en));
    expect(es.not_a_member).toBe('No perteneces a este club de lectura.');
    expect(es.moderation_failed).toBe('No ha funcionado. Inténtalo de nuevo.');
    for (const [code, text] of [...Object.entries(en), ...Object.entries(es)]) {
      expect(text, code).toMatch(/^\p{Lu}.+\.$/u);
    }
    expect(Object.values(es).filter((text) => Object.values<string>(en).includes(text))).toEqual([]);
  });

  test.each<[string[] | undefined, Language | undefined, Language]>([
    [undefined, undefined, 'en'],
    [['fr-FR', 'es-AR', 'en'], undefined, 'es'],
    [['en-GB', 'es'], undefined, 'en'],
    [['eng', 'best'], undefined, 'en'],
    [['es'], 'en', 'en'],
  ])(
    'is in the language of the browser, %j, or of the option, %s: %s',
    async (languages, language, expected) => {
      vi.stubGlobal('navigator', languages && { languages });
      const option = language && { language };
      expect(language ?? browserLanguage()).toBe(expected);
      for (const outcome of [notAMember, new TypeError('Failed to fetch'), 'silence'] as const) {
        const { ask } = setUp([outcome], { retries: 0, ...option });
        const error = await ask(30_000);
        if (!(error instanceof TokenError)) throw error;
        expect(error.forReader).toBe(textsForReaders[expected][error.code]);
      }
    },
  );
});

describe('an answer without a token', () => {
  test('has the endpoint’s code, status, words, id and details', async () => {
    const details = [{ path: 'reading_club_id', message: 'should be a whole number or a string' }];
    const body = { error: 'It should …', code: 'invalid_request', request_id: 'request-1', details };
    const error = await setUp([{ status: 400, body }]).ask();
    expect(error).toMatchObject({
      ...{ name: 'TokenError', code: 'invalid_request', status: 400, requestId: 'request-1', details },
      ...{ retryAfterMs: undefined, isWorthRetrying: false },
      message: 'invalid_request 400 It should … request-1',
    });
  });

  test.each<[number, string, boolean]>([
    [401, 'gateway_unauthorized', false],
    [403, 'gateway_forbidden', false],
    [404, 'gateway_not_found', false],
    [413, 'gateway_error', true],
    [429, 'gateway_throttled', true],
    [503, 'gateway_error', true],
  ])('without a code is the gateway’s: %i is %s', async (status, code, isWorthRetrying) => {
    const error = await setUp([gatewaySays(status)], { retries: 0 }).ask();
    const message = `${code} ${status} In words.`;
    expect(error).toMatchObject({ code, status, isWorthRetrying, details: [], message });
    for (const body of ['<html>', '', '{"mess']) {
      expect(await setUp([{ status, body }], { retries: 0 }).ask()).toMatchObject({ code, status });
    }
  });

  const wrong: [string, Outcome, object] = ['unexpected_answer', ok, { status: 200, isWorthRetrying: false }];
  const bodies = ['token', 'server_url', 'room_name'].map((name) => ({
    ...answer,
    [name]: 7,
  }));
  test.each<[string, Outcome, object]>([
    ...['hello', [answer], null, ...bodies].map((body): typeof wrong => [
      wrong[0],
      { status: 200, body },
      wrong[2],
    ]),
    ...['teapot', 'toString', 7].map((code): typeof wrong => {
      const body = { error: 'In words.', code, request_id: 7 };
      const message = 'unexpected_answer 403 In words.';
      return ['unexpected_answer', { status: 403, body }, { message, requestId: undefined }];
    }),
    ['gateway_error', { status: 500, body: answer }, { status: 500 }],
    ['credentials_unavailable', unavailable('soon'), { retryAfterMs: undefined, requestId: 'request-1' }],
    ['credentials_unavailable', unavailable(''), { retryAfterMs: undefined }],
    ['credentials_unavailable', unavailable('30'), { retryAfterMs: 30_000 }],
    ['invalid_json', { status: 400, body: { code: 'invalid_json', details: 'none' } }, { details: [] }],
  ])('is %s: %j', async (code, outcome, facts) => {
    const { ask, clock } = setUp([outcome], { retries: 0 });
    expect(await ask()).toMatchObject({ code, ...facts });
    expect(clock.pending()).toBe(0);
  });
});
