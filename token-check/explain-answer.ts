/** What LiveKit's refusals mean, in the words of every era, of LiveKit Cloud and of client SDKs. */
import type { LiveKitAnswer } from './finding.ts';
import { type Refusal, refusals } from './refusals.ts';

export interface Explanation {
  /** For programs: stable, in kebab-case. */
  code: string;
  cause: string;
  remedy: string;
}

/** What an answer of LiveKit's means; `undefined` for one that is not known, success included. */
export function explainAnswer({ status, reason }: LiveKitAnswer): Explanation | undefined {
  return explain((_, refusal) => (refusal.status ?? 401) === status && refusal.words.test(reason));
}

/** What an error message of a LiveKit client means. It contains the server's words at most, and not always the status. */
export function explainMessage(message: string): Explanation | undefined {
  return explain((code, { words }) => code !== 'server-full' && words.test(message));
}

function explain(fits: (code: string, refusal: Refusal) => boolean): Explanation | undefined {
  const found = Object.entries<Refusal>(refusals).find(([code, refusal]) => fits(code, refusal));
  return found && { code: found[0], cause: found[1].cause, remedy: found[1].remedy };
}
