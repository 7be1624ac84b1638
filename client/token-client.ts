import type { TokenAnswer, TokenRequestBody } from '../lib/contract.ts';
import { TokenError } from './errors.ts';
import { SharedCalls } from './shared-calls.ts';
import { requestToken } from './token-request.ts';
import { backOff, type Clock, systemClock, unlessAborted, wait } from './waiting.ts';

export interface TokenClientOptions {
  /** The endpoint's whole URL: `https://…/api/reading-clubs/meetings/token`. */
  url: string;
  /**
   * The reader's JWT, asked for before each request. With `renew` it should be a new one from the identity provider and not one
   * that was kept: the one before was refused, or does not list the club yet. Keep the new one for the calls that follow. If it rejects, `getToken` rejects with the same reason.
   */
  getBearer: (renew: boolean) => Promise<string> | string;
  /** The longest that a call of `getToken` takes, all tries and waits included, in milliseconds; 30,000 by default. */
  timeoutMs?: number;
  /** How many more times a request is sent after a 429 or 503; 4 by default. */
  retries?: number;
  /** For tests: `fetch`, the clock, and random numbers from 0 to 1. */
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
  random?: () => number;
}

export interface TokenClient {
  /**
   * Asks for a meeting token with the contract's body, usually `{ reading_club_id: 123 }`. Calls for the same at the same time
   * share one request. No token is stored: ask right before connecting.
   *
   * @throws {TokenError} when there is no token; rejects with the signal's reason when that aborts
   */
  getToken: (
    request: TokenRequestBody,
    options?: { signal?: AbortSignal | undefined },
  ) => Promise<TokenAnswer>;
}

/** How often to try again, and the first wait before that and the longest, in milliseconds, where `Retry-After` names none. */
export const retryDefaults = { retries: 4, firstWaitMs: 500, longestWaitMs: 8_000 } as const;
const { firstWaitMs, longestWaitMs } = retryDefaults;

export function createTokenClient(options: TokenClientOptions): TokenClient {
  const {
    url,
    getBearer,
    timeoutMs = 30_000,
    retries = retryDefaults.retries,
    fetch = globalThis.fetch,
    clock = systemClock,
    random = Math.random,
  } = options;

  /** From the first try to the last; the bearer is renewed once at most. */
  const ask = async (body: string, signal: AbortSignal) => {
    const deadline = clock.now() + timeoutMs;
    let renew = false;
    let hasRenewed = false;
    for (let retry = 0; ; ) {
      const bearer = await getBearer(renew);
      try {
        return await requestToken(fetch, { url, bearer, body, signal }, clock.now);
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        renew = isBearersFault(error) && !hasRenewed;
        if (renew) {
          hasRenewed = true;
          continue;
        }
        const waitMs =
          error.retryAfterMs === undefined
            ? backOff(retry, firstWaitMs, longestWaitMs, random)
            : // With a random part: other clients were told to wait the same time.
              error.retryAfterMs + firstWaitMs * random();
        const isInTime = clock.now() + waitMs < deadline;
        if (!isBusy(error) || retry === retries || !isInTime) throw error;
        retry += 1;
        await wait(clock, waitMs, signal);
      }
    }
  };

  const calls = new SharedCalls<TokenAnswer>((body, controller) => {
    const cancel = clock.after(timeoutMs, () => controller.abort(new TokenError('timeout')));
    return unlessAborted(ask(body, controller.signal), controller.signal).finally(cancel);
  });
  return { getToken: (request, { signal } = {}) => calls.join(JSON.stringify(request), signal) };
}

/** A JWT that has expired, or is older than a membership. */
function isBearersFault({ status, code }: TokenError): boolean {
  return status === 401 || code === 'not_a_member';
}

function isBusy({ status }: TokenError): boolean {
  return status === 429 || status === 503;
}
