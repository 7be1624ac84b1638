/** Tries a version with the requests of readers: what is wrong with it, and what of that it is refused for. */
import type { ErrorCode } from '../lib/contract.ts';
import type { Check } from './check.ts';
import { redact } from './find-token.ts';
import { judgeAnswer, judgeRefusal, statusAndCode } from './judge-answer.ts';
import { type ClaimsConfig, type ReaderRequest, readerRequests } from './reader-requests.ts';
import type { Reply } from './send.ts';
import { showToLiveKit } from './show-to-livekit.ts';

/**
 * Every fault, by its stable code, and what excuses it in a new version.
 * - `nothing`: it harms readers whatever the version before does, or nobody knows.
 * - `failure`: the version in place fails by itself, too. Its refusals and tokens excuse nothing: it may have other parameters.
 * - `surroundings`: that, or there is no version before, or its surroundings are at fault too: the secret, or LiveKit.
 * - `always`: readers notice nothing yet.
 */
const excuses = {
  'let-in': 'nothing',
  'wrong-grants': 'nothing',
  'not-checked': 'nothing',
  crashed: 'failure',
  'timed-out': 'failure',
  configuration: 'failure',
  'wrong-answer': 'failure',
  throttled: 'surroundings',
  'credentials-unreadable': 'surroundings',
  'livekit-unreachable': 'surroundings',
  'livekit-refuses': 'surroundings',
  'credentials-stale': 'always',
  'credentials-previous': 'always',
} as const;

export type FaultCode = keyof typeof excuses;

/** Faults of a version itself for which a reader gets no token and no refusal, and those of its surroundings. */
const failures: ReadonlySet<FaultCode> = new Set(['crashed', 'timed-out', 'configuration']);
const outages: ReadonlySet<FaultCode> = new Set(['throttled', 'credentials-unreadable']);

export interface Fault {
  code: FaultCode;
  /** What the endpoint did, to follow `The new version`. It has no token and no secret. */
  did: string;
}

/** How a request ended: with an answer, and which credentials it used if that is known; or with a fault instead. */
export type Outcome = { reply: Reply; credentials?: 'stale' | 'previous' | undefined } | { fault: Fault };

/** Sends a request to one version; rejects with `NoSuchVersion` where there is none. */
export type Ask = (request: ReaderRequest) => Promise<Outcome>;

export class NoSuchVersion extends Error {
  override readonly name = 'NoSuchVersion';
}

/** A fault, and the request at which it shows. */
export interface Found {
  fault: Fault;
  request: ReaderRequest;
}

/**
 * How many requests are sent at once. So many environments the check keeps warm, and takes from readers where their number is
 * limited.
 */
const atOnce = 3;

/** Before stale credentials are looked at again, in milliseconds: a slow read of the secret ends meanwhile. */
const refreshMs = 2_000;

/**
 * Sends all requests: the first two one after the other, so that one environment answers both, then several at once. Ends early
 * where one gets no answer, since others would wait as long.
 */
export async function tryVersion(config: ClaimsConfig, ask: Ask): Promise<Found[]> {
  const requests = readerRequests(config);
  const found: Found[] = [];
  for (const some of [...requests.slice(0, 2).map((one) => [one]), ...chunks(requests.slice(2))]) {
    const faults = await Promise.all(
      some.map(async (request) => (await faultsAt(request, ask)).map((fault) => ({ fault, request }))),
    );
    found.push(...faults.flat());
    if (found.some(({ fault }) => fault.code === 'crashed' || fault.code === 'timed-out')) break;
  }
  return found;
}

/** What of it a new version is refused for: the first faults that the version in place does not excuse. */
export async function unexcused(found: readonly Found[], live: Ask): Promise<Fault[]> {
  const inPlace = (request: ReaderRequest) =>
    faultsAt(request, live).catch((error: unknown) => {
      if (error instanceof NoSuchVersion) return undefined;
      throw error;
    });
  for (const some of chunks(found)) {
    const kept = await Promise.all(
      some.map(async ({ fault, request }) => (isExcused(fault, await inPlace(request)) ? [] : [fault])),
    );
    if (kept.flat().length > 0) return kept.flat();
  }
  return [];
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
  if (live.some((fault) => failures.has(fault.code))) return true;
  // An outage may end, and a version that fails by itself would outlast it.
  if (excuse === 'failure') return false;
  return live.some((fault) => outages.has(fault.code)) || (code.startsWith('livekit-') && live.length > 0);
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

const ofCredentials: Readonly<Record<'stale' | 'previous', Fault>> = {
  stale: {
    code: 'credentials-stale',
    did: 'signs with stale credentials, because it can’t read the secret: soon it will have none',
  },
  previous: {
    code: 'credentials-previous',
    did: 'signs with the previous version of the secret, because the current one can’t be used',
  },
};

async function faultsAt(request: ReaderRequest, ask: Ask): Promise<Fault[]> {
  let outcome = await ask(request);
  if ('reply' in outcome && outcome.credentials === 'stale') {
    await new Promise((resolve) => setTimeout(resolve, refreshMs));
    outcome = await ask(request);
  }
  if ('fault' in outcome) return [outcome.fault];
  const { reply, credentials } = outcome;
  if (request.isForLiveKit && reply.status === 200 && 'club' in request.wanted) {
    const { answer } = await judgeAnswer(reply, request.wanted);
    if (answer) return faultsAtLiveKit(await showToLiveKit(answer.server_url, answer.participant_token));
  }
  const faults = await faultsOf(request, reply);
  return credentials === undefined ? faults : [...faults, ofCredentials[credentials]];
}

const ofErrors = {
  credentials_unavailable: {
    code: 'credentials-unreadable',
    did: 'has no usable LiveKit credentials (503 credentials_unavailable)',
  },
  token_generation_failed: {
    code: 'configuration',
    did: 'can’t be used as it is configured, or fails (500 token_generation_failed): see its log',
  },
} as const satisfies Partial<Record<ErrorCode, Fault>>;
/** Error codes that say where the fault is. */
const ofError = new Map<string | undefined, Fault>(Object.entries(ofErrors));

async function faultsOf({ who, wanted }: ReaderRequest, reply: Reply): Promise<Fault[]> {
  const [status, code] = statusAndCode(reply);
  const answered = `answered ${who} with ${[status, code].join(' ').trim()}`;
  const known = ofError.get(code);
  if ('status' in wanted) {
    if (judgeRefusal(who, reply, wanted, '').mark === 'good') return [];
    if (status === 200) return [{ code: 'let-in', did: `let in ${who}` }];
    return [known ?? { code: 'wrong-answer', did: `${answered} instead of ${wanted.status} ${wanted.code}` }];
  }
  if (status !== 200) return [known ?? { code: 'wrong-answer', did: answered }];
  const { checks } = await judgeAnswer(reply, wanted);
  return checks
    .filter(({ mark }) => mark === 'bad' || mark === 'warning')
    .map(({ code, subject, value, meaning }) => ({
      code: ofFields.has(code) ? 'wrong-answer' : 'wrong-grants',
      did: `gave ${who} a wrong answer: ${subject} is ${value} (${meaning})`,
    }));
}

/** Faults of an answer that are none of the token. */
const ofFields = new Set(['not-the-contract', 'not-no-store', 'not-right-expiry', 'not-right-name']);

/** What LiveKit's answer to a token shows. */
function faultsAtLiveKit({ mark, code, subject, value, meaning }: Check): Fault[] {
  if (mark === 'good') return [];
  if (/^(livekit-|no-livekit-url|not-livekit|server-full)/.test(code)) {
    const did = `sends readers to a ${subject} that does not answer, ${value}: ${meaning}`;
    return [{ code: 'livekit-unreachable', did }];
  }
  return [{ code: 'livekit-refuses', did: `signs tokens that ${subject} at ${value} refuses: ${meaning}` }];
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / atOnce) }, (_, at) =>
    items.slice(at * atOnce, (at + 1) * atOnce),
  );
}
