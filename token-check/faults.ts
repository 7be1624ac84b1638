/** What can be wrong with the endpoint, and what of it a new version is refused for. */
import type { ErrorCode } from '../lib/contract.ts';
import type { Check } from './check.ts';
import { codeOf, judgeAnswer, judgeRefusal } from './judge-answer.ts';
import type { ReaderRequest } from './reader-requests.ts';
import { redact } from './redact.ts';
import type { Reply } from './send.ts';

/**
 * Every fault, by its stable code, and what excuses it in a new version.
 * - `nothing`: it harms readers whatever the version before does, or nobody knows.
 * - `outage`: the version in place gives no answer either. Its refusals and tokens excuse nothing: it may have other parameters.
 * - `surroundings`: that, or there is no version before, or its surroundings are at fault too: the secret, or LiveKit.
 * - `always`: readers notice nothing yet.
 */
const excuses = {
  'let-in': 'nothing',
  'wrong-grants': 'nothing',
  'not-checked': 'nothing',
  crashed: 'outage',
  'timed-out': 'outage',
  configuration: 'outage',
  'wrong-answer': 'outage',
  throttled: 'surroundings',
  'credentials-unreadable': 'surroundings',
  'livekit-unreachable': 'surroundings',
  'livekit-refuses': 'surroundings',
  'credentials-stale': 'always',
  'credentials-previous': 'always',
} as const;

export type FaultCode = keyof typeof excuses;

/** Faults for which a reader gets no token and no refusal. */
const outages: ReadonlySet<FaultCode> = new Set([
  'crashed',
  'timed-out',
  'configuration',
  'throttled',
  'credentials-unreadable',
]);

export interface Fault {
  code: FaultCode;
  /** What the endpoint did, to follow `The new version`. It has no token and no secret. */
  did: string;
}

/**
 * Whether this fault of a new version is excused.
 *
 * @param live the faults of the version in place at the same request; `undefined` where there is none
 */
export function isExcused({ code }: Fault, live: readonly Fault[] | undefined): boolean {
  const excuse = excuses[code];
  if (excuse === 'nothing' || excuse === 'always') return excuse === 'always';
  if (live === undefined) return excuse === 'surroundings';
  if (live.some((fault) => outages.has(fault.code))) return true;
  // Where it has stale or previous credentials, an environment has them from before: a new one can't read the secret.
  if (code === 'credentials-unreadable') return live.some((fault) => excuses[fault.code] === 'always');
  return code.startsWith('livekit-') && live.length > 0;
}

/** How many kinds of faults a sentence names. */
const named = 3;

/** The faults as one sentence about `subject`. */
export function sentenceOn(subject: string, faults: readonly Fault[]): string {
  const kinds = [...new Map(faults.toReversed().map((fault) => [fault.code, fault])).values()].reverse();
  const more = kinds.length > named ? `; ${kinds.length - named} more in the log of the check` : '';
  const did = kinds.slice(0, named).map((fault) => fault.did.slice(0, 300));
  return redact(`${subject} ${did.join('; it ')}${more}.`);
}

/** Error codes that say where the fault is. */
const ofError: ReadonlyMap<string | undefined, Fault> = new Map<ErrorCode, Fault>([
  [
    'credentials_unavailable',
    {
      code: 'credentials-unreadable',
      did: 'has no usable LiveKit credentials (503 credentials_unavailable)',
    },
  ],
  [
    'token_generation_failed',
    {
      code: 'configuration',
      did: 'can’t be used as it is configured, or fails (500 token_generation_failed): see its log',
    },
  ],
]);

/** The faults of an answer to a reader's request. */
export async function faultsOf({ who, wanted }: ReaderRequest, reply: Reply): Promise<Fault[]> {
  const got = [reply.status, codeOf(reply)].filter(Boolean).join(' ');
  const known = ofError.get(codeOf(reply));
  if ('status' in wanted) {
    if (judgeRefusal(who, reply, wanted, '').mark === 'good') return [];
    if (reply.status === 200) return [{ code: 'let-in', did: `let in ${who}` }];
    const did = `answered ${who} with ${got} instead of ${wanted.status} ${wanted.code}`;
    return [known ?? { code: 'wrong-answer', did }];
  }
  if (reply.status !== 200) return [known ?? { code: 'wrong-answer', did: `answered ${who} with ${got}` }];
  const { checks } = await judgeAnswer(reply, wanted);
  return checks
    .filter(({ mark }) => mark === 'bad' || mark === 'warning')
    .map((check) => ofToken(who, check));
}

/** Faults of an answer that are none of the token. */
const ofFields = new Set(['not-the-contract', 'not-no-store', 'not-right-expiry', 'not-right-name']);

function ofToken(who: string, { code, subject, value, meaning }: Check): Fault {
  const did = `gave ${who} a wrong answer: ${subject} is ${value} (${meaning})`;
  return { code: ofFields.has(code) ? 'wrong-answer' : 'wrong-grants', did };
}

/** What LiveKit's answer to a token shows. */
export function faultsAtLiveKit({ mark, code, subject, value, meaning }: Check): Fault[] {
  if (mark === 'good') return [];
  const isRefusal = !/^(livekit-|no-livekit-url|not-livekit|server-full)/.test(code);
  return [
    isRefusal
      ? { code: 'livekit-refuses', did: `signs tokens that ${subject} at ${value} refuses: ${meaning}` }
      : {
          code: 'livekit-unreachable',
          did: `sends readers to a ${subject} that does not answer, ${value}: ${meaning}`,
        },
  ];
}
