/** A token bucket, as API Gateway and Lambda limit rates: it holds at most `burst` and gains `perSecond` as time passes. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt = 0;

  /** Full at the start. */
  constructor({ perSecond, burst }: { perSecond: number; burst: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes one token, if there is one. @param atMs never earlier than the call before */
  take(atMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((atMs - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = atMs;
    // The tolerance allows for rounding errors.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens -= 1;
    return true;
  }
}
