import { UnsecuredJWT } from 'jose';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Language, TokenError, textsForReaders } from '../../../client/index.ts';
import { createTokenClient, type TokenClientOptions } from '../../../client/token-client.ts';
import type { TokenAnswer } from '../../../lib/contract.ts';
import { manualClock } from '../../support/manual-clock.ts';

const url = 'https://api.booky.example/api/reading-clubs/meetings/token';
const request = { reading_club_id: 123 };
const answer: TokenAnswer = {
  token: 'a.meeting.token',
  room_name: 'reading-club-123',
  participant_name: 'Ana',
  role: 'member',
  server_url: 'wss://project.livekit.cloud',
  participant_token: 'a.meeting.token',
  expires_at: '2026-11-23T10:00:00.000Z',
};

/** An answer, what `fetch` rejects with, or silence until the request is aborted. */
type Outcome = { status: number; body?: unknown; headers?: Record<string, string> } | Error | 'silence';

const ok: Outcome = { status: 200, body: answer };
/** Answers that end before their end, as a stream or without any sign. */
const cutOff: [string, Outcome][] = [
  [
    'a stream that breaks off',
    {
      status: 200,
      body: new ReadableStream({ start: (stream) => stream.error(new TypeError('network error')) }),
    },
  ],
  ['half a body', { status: 200, body: JSON.stringify(answer).slice(0, 40) }],
  ['no body', { status: 200, body: '' }],
];
const endpointSays = (status: number, code: string, headers: Record<string, string> = {}): Outcome => ({
  status,
  headers,
  body: { error: 'In words.', code, request_id: 'request-1' },
});
const notAMember = endpointSays(403, 'not_a_member');
const unavailable = (retryAfter?: string) =>
  endpointSays(503, 'credentials_unavailable', retryAfter === undefined ? {} : { 'retry-after': retryAfter });
const gatewaySays = (status: number, headers: Record<string, string> = {}): Outcome => ({
  status,
  headers,
  body: { message: 'In words.' },
});

/** A client of an endpoint that gives these answers, one after the other, and then repeats the last one. */
function setUp(outcomes: (Outcome | Promise<Outcome>)[], options: Partial<TokenClientOptions> = {}) {
  const clock = manualClock();
  let renewals = 0;
  const sent: { init: RequestInit; at: number }[] = [];
  const start = clock.now();
  const client = createTokenClient({
    url,
    getBearer: (renew) => {
      if (renew) renewals += 1;
      return `jwt-${renewals}`;
    },
    clock,
    random: () => 0,
    fetch: async (input, init = {}) => {
      expect(input).toBe(url);
      sent.push({ init, at: clock.now() - start });
      const outcome = await (outcomes.length > 1 ? outcomes.shift() : outcomes[0]);
      if (outcome === 'silence') {
        const { signal } = init;
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
        );
      }
      if (outcome === undefined || outcome instanceof Error) throw outcome;
      const { body: content } = outcome;
      const isReady = typeof content === 'string' || content instanceof ReadableStream;
      const body = isReady ? content : JSON.stringify(content);
      return new Response(body, {
        status: outcome.status,
        ...(outcome.headers && { headers: outcome.headers }),
      });
    },
    ...options,
  });
  return { client, clock, sent, renewals: () => renewals, sentAt: () => sent.map(({ at }) => at) };
}

/** What the promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('there was a token'),
    (error: unknown) => error,
  );

describe('a request', () => {
  test('is the contract’s, with the bearer, and its answer comes as it is', async () => {
    const { client, sent, renewals, clock } = setUp([ok]);
    expect(await client.getToken({ reading_club_id: 'poems', participant_name: 'Ana' })).toEqual(answer);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.init).toMatchObject({
      method: 'POST',
      headers: { authorization: 'Bearer jwt-0', 'content-type': 'application/json' },
      body: '{"reading_club_id":"poems","participant_name":"Ana"}',
    });
    expect(renewals()).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  test('that can’t be sent since the bearer can’t be had rejects with that', async () => {
    const signedOut = new Error('signed out');
    const { client, sent, clock } = setUp([ok], { getBearer: () => Promise.reject(signedOut) });
    expect(await failure(client.getToken(request))).toBe(signedOut);
    expect(sent).toEqual([]);
    expect(clock.pending()).toBe(0);
  });
});

describe('the bearer', () => {
  test.each([
    ['not_a_member', notAMember],
    ['unauthenticated', endpointSays(401, 'unauthenticated')],
    ['a 401 of the gateway', gatewaySays(401)],
  ])('is renewed once after %s, at once', async (_what, refusal) => {
    const { client, sent, renewals, sentAt } = setUp([refusal, ok]);
    expect(await client.getToken(request)).toEqual(answer);
    expect(renewals()).toBe(1);
    expect(sent[1]?.init.headers).toMatchObject({ authorization: 'Bearer jwt-1' });
    expect(sentAt()).toEqual([0, 0]);
  });

  test('is not renewed twice, not for the other reason either', async () => {
    const { client, renewals } = setUp([gatewaySays(401), notAMember]);
    expect(await failure(client.getToken(request))).toMatchObject({ code: 'not_a_member' });
    expect(renewals()).toBe(1);
  });

  test('is not asked to be renewed again for the tries after that', async () => {
    const { client, renewals, clock } = setUp([notAMember, unavailable('1'), ok]);
    const token = client.getToken(request);
    await clock.advance(1_250);
    expect(await token).toEqual(answer);
    expect(renewals()).toBe(1);
  });

  test('is renewed once for each call', async () => {
    const { client, renewals } = setUp([notAMember]);
    await failure(client.getToken(request));
    await failure(client.getToken(request));
    expect(renewals()).toBe(2);
  });

  test.each([
    ['a missing scope', gatewaySays(403)],
    ['a faulty request', endpointSays(400, 'invalid_request')],
    ['a fault of the function', endpointSays(500, 'token_generation_failed')],
  ])('is not renewed after %s', async (_what, refusal) => {
    const { client, renewals } = setUp([refusal, ok]);
    await failure(client.getToken(request));
    expect(renewals()).toBe(0);
  });
});

describe('a busy endpoint', () => {
  test.each([
    ['a 503 of the endpoint', unavailable('7')],
    ['a 503 of the gateway', gatewaySays(503, { 'retry-after': '7' })],
    ['a 429', gatewaySays(429, { 'retry-after': '7' })],
    ['a 500 of the gateway', gatewaySays(500, { 'retry-after': '7' })],
    ['a 502', gatewaySays(502, { 'retry-after': '7' })],
    ['a 504', gatewaySays(504, { 'retry-after': '7' })],
  ])('is asked again after Retry-After: %s', async (_what, refusal) => {
    const { client, clock, sentAt } = setUp([refusal, ok]);
    const token = client.getToken(request);
    await clock.advance(7_249);
    expect(sentAt()).toEqual([0]);
    await clock.advance(1);
    expect(sentAt()).toEqual([0, 7_250]);
    expect(await token).toEqual(answer);
  });

  test('is not asked by all at the same moment', async () => {
    const { client, clock, sentAt } = setUp([unavailable('7'), ok], { random: () => 0.999 });
    const token = client.getToken(request);
    await clock.advance(8_000);
    await token;
    expect(sentAt()[1]).toBeGreaterThan(7_400);
    expect(sentAt()[1]).toBeLessThan(7_500);
  });

  test.each([
    ['the shortest', () => 0, [0, 250, 750, 1_750, 3_750]],
    ['the longest', () => 1, [0, 500, 1_500, 3_500, 7_500]],
  ])(
    'that does not say when is asked after waits that double, %s, four times',
    async (_what, random, times) => {
      const { client, clock, sentAt } = setUp([gatewaySays(429)], { random });
      const error = failure(client.getToken(request));
      await clock.advance(30_000);
      expect(await error).toMatchObject({ code: 'gateway_throttled', status: 429, isWorthRetrying: true });
      expect(sentAt()).toEqual(times);
      expect(clock.pending()).toBe(0);
    },
  );

  test('never makes the client wait more than 8 s at once, unless it says so', async () => {
    const { client, clock, sentAt } = setUp([gatewaySays(429)], {
      random: () => 1,
      retries: 7,
      timeoutMs: 100_000,
    });
    const error = failure(client.getToken(request));
    await clock.advance(100_000);
    await error;
    const waits = sentAt().map((at, index, all) => at - (all[index - 1] ?? 0));
    expect(waits).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test('with no time left for another try is reported at once, with how long to wait', async () => {
    const { client, sentAt, clock } = setUp([unavailable('30'), ok]);
    expect(await failure(client.getToken(request))).toMatchObject({
      code: 'credentials_unavailable',
      retryAfterMs: 30_000,
    });
    expect(sentAt()).toEqual([0]);
    expect(clock.pending()).toBe(0);
    const inTime = setUp([unavailable('29'), ok]);
    const token = inTime.client.getToken(request);
    await inTime.clock.advance(29_250);
    expect(await token).toEqual(answer);
  });

  test('is not asked again where the client was told so', async () => {
    const { client, sentAt } = setUp([unavailable('1'), ok], { retries: 0 });
    expect(await failure(client.getToken(request))).toMatchObject({ code: 'credentials_unavailable' });
    expect(sentAt()).toEqual([0]);
  });

  test.each([403, 404])('is not what a %i says', async (status) => {
    const { client, sentAt } = setUp([gatewaySays(status, { 'retry-after': '1' }), ok]);
    await failure(client.getToken(request));
    expect(sentAt()).toEqual([0]);
  });
});

describe('an endpoint that does not answer', () => {
  test('is given up after the timeout, and the request is aborted', async () => {
    const { client, clock, sent } = setUp(['silence'], { retries: 0 });
    const error = failure(client.getToken(request));
    await clock.settle();
    await clock.advance(29_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await error).toMatchObject({ code: 'timeout', isWorthRetrying: true });
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(clock.pending()).toBe(0);
  });

  test.each<[string, Outcome]>([['a rejected fetch', new TypeError('Failed to fetch')], ...cutOff])(
    'is asked again: %s',
    async (_what, outcome) => {
      const { client, clock, sentAt } = setUp([outcome, ok]);
      const token = client.getToken(request);
      await clock.advance(250);
      expect(await token).toEqual(answer);
      expect(sentAt()).toEqual([0, 250]);
    },
  );

  test('is not asked again while the browser is offline: that is said at once', async () => {
    vi.stubGlobal('navigator', { onLine: false });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { client, sentAt } = setUp([new TypeError('Failed to fetch'), ok]);
    expect(await failure(client.getToken(request))).toMatchObject({ code: 'no_answer' });
    expect(sentAt()).toEqual([0]);
  });

  test('counts the tries before it', async () => {
    const { client, clock } = setUp([unavailable('9'), 'silence'], { timeoutMs: 10_000 });
    const error = failure(client.getToken(request));
    await clock.advance(10_000);
    expect(await error).toMatchObject({ code: 'timeout' });
  });

  test('and a bearer that does not come is a timeout too', async () => {
    const { client, clock } = setUp([ok], { getBearer: () => new Promise<string>(() => {}), timeoutMs: 500 });
    const error = failure(client.getToken(request));
    await clock.advance(500);
    expect(await error).toMatchObject({ code: 'timeout' });
  });

  test('can’t be told from one that CORS hides', async () => {
    const cause = new TypeError('Failed to fetch');
    const { client, sentAt } = setUp([cause, ok], { retries: 0 });
    expect(await failure(client.getToken(request))).toMatchObject({
      code: 'no_answer',
      cause,
      isWorthRetrying: true,
    });
    expect(sentAt()).toEqual([0]);
  });
});

describe('callers', () => {
  test('who ask for the same at once share one request, and one who asks later has one of their own', async () => {
    const { client, sent } = setUp([ok]);
    const [first, second] = await Promise.all([client.getToken(request), client.getToken({ ...request })]);
    expect(first).toBe(second);
    expect(sent).toHaveLength(1);
    await client.getToken(request);
    expect(sent).toHaveLength(2);
  });

  test('who ask for something else don’t', async () => {
    const { client, sent } = setUp([ok]);
    await Promise.all([client.getToken(request), client.getToken({ reading_club_id: 124 })]);
    expect(sent).toHaveLength(2);
  });

  test('share a failure, and not with who asks after it', async () => {
    const { client, sent } = setUp([endpointSays(500, 'token_generation_failed'), ok]);
    const errors = await Promise.all([failure(client.getToken(request)), failure(client.getToken(request))]);
    expect(errors[0]).toBe(errors[1]);
    expect(await client.getToken(request)).toEqual(answer);
    expect(sent).toHaveLength(2);
  });

  test('may abort alone: the request continues for the others', async () => {
    const { client, clock, sent } = setUp([unavailable('5'), ok]);
    const leaving = new AbortController();
    const left = failure(client.getToken(request, { signal: leaving.signal }));
    const stays = client.getToken(request);
    await clock.settle();
    const reason = new Error('the reader went elsewhere');
    leaving.abort(reason);
    expect(await left).toBe(reason);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await clock.advance(5_250);
    expect(await stays).toEqual(answer);
  });

  test('who have all left end the request, and the waiting', async () => {
    const { client, clock, sent } = setUp(['silence']);
    const leaving = new AbortController();
    const left = Promise.all([
      failure(client.getToken(request, { signal: leaving.signal })),
      failure(client.getToken(request, { signal: leaving.signal })),
    ]);
    await clock.settle();
    leaving.abort();
    expect(await left).toEqual([leaving.signal.reason, leaving.signal.reason]);
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    await clock.settle();
    expect(clock.pending()).toBe(0);

    const waiting = setUp([unavailable('5'), ok]);
    const leavingLater = new AbortController();
    const leftLater = failure(waiting.client.getToken(request, { signal: leavingLater.signal }));
    await waiting.clock.advance(1_000);
    leavingLater.abort();
    await leftLater;
    await waiting.clock.settle();
    expect(waiting.clock.pending()).toBe(0);
    await waiting.clock.advance(60_000);
    expect(waiting.sent).toHaveLength(1);
  });

  test('that come after all others have aborted send a new request', async () => {
    const { client, clock, sent } = setUp(['silence', ok]);
    const leaving = new AbortController();
    const left = failure(client.getToken(request, { signal: leaving.signal }));
    await clock.settle();
    leaving.abort();
    await left;
    expect(await client.getToken(request)).toEqual(answer);
    expect(sent).toHaveLength(2);
  });

  test('who had left before they asked send nothing', async () => {
    const { client, sent } = setUp([ok]);
    const signal = AbortSignal.abort();
    expect(await failure(client.getToken(request, { signal }))).toBe(signal.reason);
    expect(sent).toEqual([]);
  });
});

describe('two readers of one browser', () => {
  const jwtOf = (sub: string, iat: number) => new UnsecuredJWT({ sub, iat }).encode();
  const tokenOf = (token: string): Outcome => ({ status: 200, body: { ...answer, token } });

  /** A's request is under way. */
  const aAsks = async (...outcomes: (Outcome | Promise<Outcome>)[]) => {
    let bearer = jwtOf('user-á???>>>~~~', 1);
    let renewed = bearer;
    const set = setUp(outcomes, {
      getBearer: (renew) => {
        if (renew) bearer = renewed;
        return bearer;
      },
    });
    const ofA = set.client.getToken(request).catch((error: unknown) => error);
    await set.clock.settle();
    return {
      ...set,
      ofA,
      signIn: (jwt: string) => {
        bearer = jwt;
      },
      renewWith: (jwt: string) => {
        renewed = jwt;
      },
    };
  };
  const held = () => {
    let answerWith = (_: Outcome) => {};
    const outcome = new Promise<Outcome>((resolve) => {
      answerWith = resolve;
    });
    return { outcome, answerWith };
  };

  test('share no request: each gets a token of their own, or none', async () => {
    const { outcome, answerWith } = held();
    const { client, sent, ofA, signIn } = await aAsks(outcome, tokenOf('b'));
    signIn(jwtOf('user-b', 2));
    expect(await client.getToken(request)).toMatchObject({ token: 'b' });
    expect(sent).toHaveLength(2);
    answerWith(tokenOf('a'));
    // A has signed out: whoever joins with this token now is not A.
    expect(await ofA).toMatchObject({ code: 'unauthenticated' });
  });

  test('don’t get in each other’s way by a renewal', async () => {
    const { outcome, answerWith } = held();
    const { sent, ofA, renewWith } = await aAsks(outcome, tokenOf('b'));
    renewWith(jwtOf('user-b', 2));
    answerWith(gatewaySays(401));
    expect(await ofA).toMatchObject({ code: 'unauthenticated' });
    expect(sent).toHaveLength(1);
  });

  test('are told apart while one waits', async () => {
    const { clock, sent, ofA, signIn } = await aAsks(unavailable('5'), tokenOf('b'));
    signIn(jwtOf('user-b', 2));
    await clock.advance(5_250);
    expect(await ofA).toMatchObject({ code: 'unauthenticated' });
    expect(sent).toHaveLength(1);
  });

  test('are not one who has renewed their JWT', async () => {
    const { outcome, answerWith } = held();
    const { ofA, signIn } = await aAsks(outcome);
    signIn(jwtOf('user-á???>>>~~~', 2));
    answerWith(ok);
    expect(await ofA).toEqual(answer);
  });
});

describe('the abort-controller of an old React Native', () => {
  /** Its signals have neither a reason nor `throwIfAborted`. */
  class OldController {
    readonly signal = Object.assign(new EventTarget(), { aborted: false, reason: undefined, onabort: null });
    abort() {
      this.signal.aborted = true;
      this.signal.dispatchEvent(new Event('abort'));
    }
  }

  test('suffices: for a token, a timeout and a caller who leaves', async () => {
    vi.stubGlobal('AbortController', OldController);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { client, clock } = setUp([ok, 'silence']);
    expect(await client.getToken(request)).toEqual(answer);
    const late = failure(client.getToken(request));
    await clock.advance(30_000);
    expect(await late).toMatchObject({ code: 'timeout' });
    const { signal, abort } = abortable();
    const left = failure(client.getToken(request, { signal }));
    await clock.settle();
    abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    expect(await failure(client.getToken(request, { signal }))).toMatchObject({ name: 'AbortError' });
  });

  function abortable(): { signal: AbortSignal; abort: () => void } {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort() };
  }
});

describe('what a reader is told', () => {
  test('stands in each language for each code', () => {
    const { en, es } = textsForReaders;
    expect(Object.keys(es)).toEqual(Object.keys(en));
    expect(es.not_a_member).toBe('No perteneces a este club de lectura.');
    for (const [code, text] of [...Object.entries(en), ...Object.entries(es)]) {
      expect(text, code).toMatch(/^\p{Lu}.+\.$/u);
    }
    expect(Object.values(es).filter((text) => Object.values<string>(en).includes(text))).toEqual([]);
  });

  test.each<[string[] | undefined, Language | undefined, Language]>([
    [undefined, undefined, 'en'],
    [['fr-FR', 'es-AR', 'en'], undefined, 'es'],
    [['en-GB', 'es'], undefined, 'en'],
    [['fr'], undefined, 'en'],
    [['en'], 'es', 'es'],
    [['es'], 'en', 'en'],
  ])(
    'is in the language of the browser, %j, or of the option, %s: %s',
    async (languages, language, expected) => {
      vi.stubGlobal('navigator', languages && { languages });
      onTestFinished(() => void vi.unstubAllGlobals());
      const option = language && { language };
      for (const outcome of [notAMember, new TypeError('Failed to fetch')]) {
        const { client } = setUp([outcome], { retries: 0, ...option });
        const error = await failure(client.getToken(request));
        if (!(error instanceof TokenError)) throw error;
        expect(error.forReader).toBe(textsForReaders[expected][error.code]);
      }
      const { client, clock } = setUp(['silence'], option);
      const late = failure(client.getToken(request));
      await clock.advance(30_000);
      expect(await late).toMatchObject({ forReader: textsForReaders[expected].timeout });
    },
  );
});

describe('an answer without a token', () => {
  const errorOf = async (outcome: Outcome) => {
    const { client, clock } = setUp([outcome], { retries: 0 });
    const error = await failure(client.getToken(request));
    await clock.settle();
    expect(clock.pending()).toBe(0);
    if (!(error instanceof TokenError)) throw error;
    return error;
  };

  test('has the endpoint’s code, status, words, id and details', async () => {
    const details = [{ path: 'reading_club_id', message: 'should be a whole number or a string' }];
    const body = {
      error: 'reading_club_id should …',
      code: 'invalid_request',
      request_id: 'request-1',
      details,
    };
    const error = await errorOf({ status: 400, body });
    expect(error).toMatchObject({
      name: 'TokenError',
      code: 'invalid_request',
      status: 400,
      requestId: 'request-1',
      details,
      retryAfterMs: undefined,
      isWorthRetrying: false,
    });
    expect(error.message).toBe('invalid_request 400 reading_club_id should … request-1');
  });

  test.each([
    [401, 'gateway_unauthorized', false],
    [403, 'gateway_forbidden', false],
    [404, 'gateway_not_found', false],
    [413, 'gateway_error', true],
    [429, 'gateway_throttled', true],
    [500, 'gateway_error', true],
    [503, 'gateway_error', true],
  ])('without a code is the gateway’s: %i is %s', async (status, code, isWorthRetrying) => {
    expect(await errorOf(gatewaySays(status))).toMatchObject({ code, status, details: [], isWorthRetrying });
    expect(await errorOf({ status, body: '<html>no JSON</html>' })).toMatchObject({ code, status });
  });

  test.each([
    ['no JSON', 'hello'],
    ['no object', [answer]],
    ['null', null],
    ['no token', { ...answer, token: undefined }],
    ['a URL that is no string', { ...answer, server_url: 7880 }],
  ])('but a 200 with %s is named so', async (_what, body) => {
    expect(await errorOf({ status: 200, body })).toMatchObject({
      code: 'unexpected_answer',
      status: 200,
      isWorthRetrying: false,
    });
  });

  test.each(['teapot', 'toString', 7])('with an unknown code is reported as such: %s', async (code) => {
    const error = await errorOf({ status: 403, body: { error: 'In words.', code, request_id: 'request-1' } });
    expect(error).toMatchObject({ code: 'unexpected_answer', status: 403, requestId: 'request-1' });
    expect(error.message).toContain('In words.');
  });

  test('is not a token if the status is not 200, whatever the body contains', async () => {
    expect(await errorOf({ status: 500, body: answer })).toMatchObject({
      code: 'gateway_error',
      status: 500,
    });
  });

  test.each(['soon', ''])('may have a Retry-After that can’t be read: %j', async (retryAfter) => {
    expect((await errorOf(unavailable(retryAfter))).retryAfterMs).toBeUndefined();
  });
});
