import type { TokenAnswer, TokenRequestBody } from '../lib/contract.ts';
import { isOffline } from './environment.ts';
import { TokenError } from './errors.ts';
import { areTwo, readerOf } from './reader.ts';
import { createSharedCalls } from './shared-calls.ts';
import type { Language } from './texts.ts';
import { requestToken } from './token-request.ts';
import { backOff, type Clock, never, systemClock, unlessAborted, wait } from './waiting.ts';

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
  language?: Language;
  /** For tests: `fetch`, the clock, and random numbers from 0 to 1. */
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
  random?: () => number;
}

export interface GetTokenOptions {
  signal?: AbortSignal | undefined;
  /** Instead of the client's. */
  retries?: number;
}

export interface TokenClient {
  /**
   * Asks for a meeting token with the contract's body, usually `{ reading_club_id: 123 }`. Calls with the same JWT for the same at
   * the same time share one request. No token is stored: ask right before connecting.
   *
   * @throws {TokenError} when there is no token, or when another reader has signed in meanwhile (`unauthenticated`, without a
   * status); rejects with the signal's reason when that aborts
   */
  getToken: (request: TokenRequestBody, options?: GetTokenOptions) => Promise<TokenAnswer>;
}

/** How often to try again, and the first wait before that and the longest, in milliseconds, in addition to what `Retry-After` names. */
export const retryDefaults = { retries: 4, firstWaitMs: 500, longestWaitMs: 8_000 } as const;
const { firstWaitMs, longestWaitMs } = retryDefaults;

export function createTokenClient(options: TokenClientOptions): TokenClient {
  const {
    url,
    getBearer,
    timeoutMs = 30_000,
    retries: usualRetries = retryDefaults.retries,
    language,
    fetch = globalThis.fetch,
    clock = systemClock,
    random = Math.random,
  } = options;

  /** From the first try to the last; the bearer is renewed once at most. */
  const ask = async (first: string, body: string, retries: number, signal: AbortSignal) => {
    const deadline = clock.now() + timeoutMs;
    const bearerOfSame = async (renew: boolean) => {
      const bearer = await getBearer(renew);
      if (areTwo(readerOf(bearer), readerOf(first))) throw new TokenError('unauthenticated', {}, language);
      return bearer;
    };
    let bearer = first;
    let hasRenewed = false;
    for (let retry = 0; ; ) {
      try {
        const answer = await requestToken(fetch, { url, bearer, body, signal, language });
        await bearerOfSame(false);
        return answer;
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        const { status, code } = error;
        // The JWT has expired, or is older than a membership.
        const renew = !hasRenewed && (status === 401 || code === 'not_a_member');
        if (renew) hasRenewed = true;
        else {
          // With a random part: other clients were told to wait the same time.
          const waitMs = (error.retryAfterMs ?? 0) + backOff(retry, firstWaitMs, longestWaitMs, random);
          const isPassing = error.isWorthRetrying && !isOffline();
          if (!isPassing || retry === retries || clock.now() + waitMs >= deadline) throw error;
          retry += 1;
          await wait(clock, waitMs, signal);
        }
        bearer = await bearerOfSame(renew);
      }
    }
  };

  const share = createSharedCalls<TokenAnswer>();
  return {
    getToken: async (request, { signal = never(), retries = usualRetries } = {}) => {
      const leaving = new AbortController();
      const join = async () => {
        const bearer = await unlessAborted(getBearer(false), signal);
        const body = JSON.stringify(request);
        return share(`${retries} ${bearer} ${body}`, leaving.signal, (all) =>
          ask(bearer, body, retries, all),
        );
      };
      let cancel = () => {};
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(timeoutMs, () => reject(new TokenError('timeout', {}, language)));
      });
      return unlessAborted(Promise.race([join(), late]), signal).finally(() => {
        cancel();
        leaving.abort();
      });
    },
  };
}
