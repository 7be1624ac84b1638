/** Repeats the checks of a deployment while what is wrong may settle by itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Check, crossesIn, namedCrosses } from '../../token-check/check.ts';
import { BadUse } from '../checks/command.ts';

export const waitOption = { wait: { type: 'string', default: '0' } } as const;

/**
 * @returns milliseconds
 * @throws {BadUse} unless it is a number of seconds, from 0 to 9999
 */
export function readWait(seconds: string): number {
  if (!/^\d{1,4}$/.test(seconds)) throw new BadUse('--wait should be a number of seconds, from 0 to 9999.');
  return Number(seconds) * 1000;
}

/** Between two tries, in milliseconds. */
const pauseMs = 3_000;

/** How long requests may still reach the version before, in milliseconds. */
const switchMs = 6_000;

/**
 * Crosses that time can remove: a name, a server, a route or a permission of AWS that is not there yet. Any other is an answer of
 * the version itself, or about the bearer.
 */
const settling = new Set([
  'unknown-host',
  'refused',
  'tls',
  'timeout',
  'unreachable',
  'no-such-route',
  'throttled',
  'gateway-failed',
  'gateway-scope',
  'bearer-audience',
  'bearer-issuer',
  'bearer-refused',
  'credentials_unavailable',
  'no-bearer-not-refused',
  'forged-bearer-not-refused',
  'cors-refused',
  'foreign-origin-allowed',
]);

/** Returns the last round: one without a cross, one with a cross that stays, or the last before `waitMs` are over. */
export async function settle(round: () => Promise<Check[]>, waitMs: number): Promise<Check[]> {
  const start = Date.now();
  for (;;) {
    const checks = await round();
    const crosses = crossesIn(checks);
    const mayAllSettle = crosses.every(({ code }) => settling.has(code.replace(/^livekit-/, '')));
    const left = start + (mayAllSettle ? waitMs : Math.min(waitMs, switchMs)) - Date.now();
    if (crosses.length === 0 || left < pauseMs) return checks;
    console.error(`Not yet, trying for ${Math.round(left / 1000)} s more: ${namedCrosses(checks)}`);
    await delay(pauseMs);
  }
}
