import type { TokenAnswer, TokenRequestBody } from '../lib/contract.ts';
import { isOffline } from './environment.ts';
import { TokenError } from './errors.ts';
import { isOfAnother, readerOf } from './reader.ts';
import { createSchedule, type Growth } from './schedule.ts';
import type { Language } from './texts.ts';
import { readAnswer } from './token-request.ts';
import { type Clock, reasonOf, systemClock } from './waiting.ts';

export { TokenError };

export interface TokenClientOptions {
  /** The endpoint's whole URL: `https://…/api/reading-clubs/meetings/token`. */
  url: string;
  /**
   * The JWT of the reader who is signed in now, asked for before each request and before a token is handed over. With `renew` it
   * should be a new one from the identity provider and not one that was kept: the one before was refused, or does not list the club
   * yet. Keep the new one for the calls that follow. If it rejects, `getToken` rejects with the same reason.
   */
  getBearer: (renew: boolean) => Promise<string> | string;
  /** The longest that a call of `getToken` takes, all tries and waits included, in milliseconds; 30,000 by default. */
  timeoutMs?: number;
  /** How many more times a request is sent where that may help, unless the browser is offline; 4 by default. */
  retries?: number;
  /** Of what errors tell the reader; by default the browser's, else English. */
  language?: Language | undefined;
  /** For tests: `fetch`, the clock, and random numbers from 0 to 1. */
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
  random?: () => number;
}

export interface GetTokenOptions {
  signal?: AbortSignal | undefined;
  /** Instead of the client's. */
  retries?: number;
  /** An answer of this client: given again instead of asking, where the JWT is still the one that it was handed over with. */
  kept?: TokenAnswer | undefined;
}

export interface TokenClient {
  /** Of what errors tell the reader. */
  language?: Language | undefined;
  /**
   * Asks for a meeting token with the contract's body, usually `{ reading_club_id: 123 }`. Calls with the same JWT for the same at
   * the same time share one request. No token is stored: ask right before connecting.
   *
   * @throws {TokenError} when there is no token, or when the reader has signed out meanwhile (`unauthenticated`, without a
   * status); rejects with the signal's reason when that aborts
   */
  getToken: (request: TokenRequestBody, options?: GetTokenOptions) => Promise<TokenAnswer>;
}

/** How many more times a request is sent, and how the waits before that grow. */
export const usualRetries = 4;
export const growth: Growth = [2, 500, 8_000];

/** A call in progress, shared by who asks for the same with the same JWT. */
interface Call {
  result: Promise<TokenAnswer>;
  callers: number;
  stopping: AbortController;
}

export function createTokenClient({
  url,
  getBearer,
  timeoutMs = 30_000,
  retries: retriesOfAll = usualRetries,
  language,
  fetch: send = fetch,
  clock = systemClock,
  random = Math.random,
}: TokenClientOptions): TokenClient {
  /** With which JWT each answer was handed over. */
  const bearers = new WeakMap<TokenAnswer, string>();
  /** From the first try to the last; the bearer is renewed once at most. */
  const ask = async (first: string, body: string, retries: number, signal: AbortSignal) => {
    const next = createSchedule(random, timeoutMs, growth);
    let bearer = first;
    let mayRenew = true;
    for (let retry = 0; ; ) {
      const sent = send(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body,
        signal,
      });
      const { token, error } = await readAnswer(sent, language);
      // The JWT has expired, or is older than a membership.
      const renew = mayRenew && (error?.status === 401 || error?.code === 'not_a_member');
      if (renew) mayRenew = false;
      else if (error) {
        const waitMs = next(error);
        if (waitMs === undefined || retry === retries || isOffline() || signal.aborted) throw error;
        retry += 1;
        // For good where all callers leave: then nobody waits for the result.
        await new Promise<void>((resolve) => signal.addEventListener('abort', clock.after(waitMs, resolve)));
      }
      bearer = await getBearer(renew);
      if (!bearer || isOfAnother(bearer, readerOf(first)))
        throw new TokenError('unauthenticated', {}, language);
      if (token) {
        bearers.set(token, bearer);
        return token;
      }
    }
  };

  const calls = new Map<string, Call>();
  return {
    language,
    getToken: async (request, { signal, retries = retriesOfAll, kept } = {}) => {
      if (signal?.aborted) throw reasonOf(signal);
      const leaving = new AbortController();
      const left = new Promise<never>((_, reject) => {
        const leave = () => reject(reasonOf(signal));
        signal?.addEventListener('abort', leave, { signal: leaving.signal });
        const late = () => reject(new TokenError('timeout', {}, language));
        leaving.signal.addEventListener('abort', clock.after(timeoutMs, late));
      });
      let call: Call | undefined;
      let key = '';
      try {
        const bearer = await Promise.race([left, getBearer(false)]);
        if (kept && bearers.get(kept) === bearer) return kept;
        const body = JSON.stringify(request);
        key = `${retries} ${bearer} ${body}`;
        call = calls.get(key);
        if (!call) {
          const stopping = new AbortController();
          call = { result: ask(bearer, body, retries, stopping.signal), callers: 0, stopping };
          calls.set(key, call);
        }
        call.callers += 1;
        return await Promise.race([left, call.result]);
      } finally {
        leaving.abort();
        if (call) call.callers -= 1;
        if (call?.callers === 0) {
          calls.delete(key);
          call.stopping.abort();
        }
      }
    },
  };
}
