/** Tries a version with the requests of readers, and compares it with the one in place. */
import type { TokenAnswer } from '../lib/contract.ts';
import { type Fault, faultsAtLiveKit, faultsOf, isExcused } from './faults.ts';
import { judgeAnswer } from './judge-answer.ts';
import { type ClaimsConfig, type ReaderRequest, readerRequests } from './reader-requests.ts';
import type { Reply } from './send.ts';
import { showToLiveKit } from './show-to-livekit.ts';

/** How a request ended: with an answer, and which credentials it used if that is known; or with a fault instead. */
export type Outcome = { reply: Reply; credentials?: 'stale' | 'previous' | undefined } | { fault: Fault };

/** Sends a request to one version; rejects with `NoSuchVersion` where there is none. */
export type Ask = (request: ReaderRequest) => Promise<Outcome>;

export class NoSuchVersion extends Error {
  override readonly name = 'NoSuchVersion';
}

/** One thing that is tried, of whichever version. */
export type Trial = (ask: Ask) => Promise<Fault[]>;

/** A fault, and the trial that found it. */
export interface Found {
  fault: Fault;
  trial: Trial;
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
  const [first, second, ...others] = requests.map(trialOf);
  const [member] = requests;
  if (first === undefined || second === undefined || member === undefined) return [];
  const found: Found[] = [];
  for (const trials of [[first], [second], ...chunks([...others, atLiveKit(member)])]) {
    const faults = await Promise.all(
      trials.map(async (trial) => (await trial(ask)).map((fault) => ({ fault, trial }))),
    );
    found.push(...faults.flat());
    if (found.some(({ fault }) => fault.code === 'crashed' || fault.code === 'timed-out')) break;
  }
  return found;
}

/** What of it a new version is refused for: the first faults that the version in place does not excuse. */
export async function unexcused(found: readonly Found[], live: Ask): Promise<Fault[]> {
  const inPlace = (trial: Trial) =>
    trial(live).catch((error: unknown) => {
      if (error instanceof NoSuchVersion) return undefined;
      throw error;
    });
  for (const some of chunks(found)) {
    const kept = await Promise.all(
      some.map(async ({ fault, trial }) => (isExcused(fault, await inPlace(trial)) ? [] : [fault])),
    );
    if (kept.flat().length > 0) return kept.flat();
  }
  return [];
}

function trialOf(request: ReaderRequest): Trial {
  return async (ask) => faultsIn(request, await settled(ask, request));
}

/** Shows a member's token to LiveKit. Without one, the faults are those of the answer. */
function atLiveKit(member: ReaderRequest): Trial {
  return async (ask) => {
    const outcome = await settled(ask, member);
    const answer = await answerIn(member, outcome);
    if (answer === undefined) return faultsIn(member, outcome);
    return faultsAtLiveKit(await showToLiveKit(answer.server_url, answer.participant_token));
  };
}

/** The outcome; a second one where the credentials were stale. */
async function settled(ask: Ask, request: ReaderRequest): Promise<Outcome> {
  const outcome = await ask(request);
  if ('fault' in outcome || outcome.credentials !== 'stale') return outcome;
  await new Promise((resolve) => setTimeout(resolve, refreshMs));
  return ask(request);
}

const ofCredentials = {
  stale: {
    code: 'credentials-stale',
    did: 'signs with stale credentials, because it can’t read the secret: soon it will have none',
  },
  previous: {
    code: 'credentials-previous',
    did: 'signs with the previous version of the secret, because the current one can’t be used',
  },
} as const;

async function faultsIn(request: ReaderRequest, outcome: Outcome): Promise<Fault[]> {
  if ('fault' in outcome) return [outcome.fault];
  const { reply, credentials } = outcome;
  const faults = await faultsOf(request, reply);
  return credentials === undefined ? faults : [...faults, ofCredentials[credentials]];
}

async function answerIn({ wanted }: ReaderRequest, outcome: Outcome): Promise<TokenAnswer | undefined> {
  if ('fault' in outcome || 'status' in wanted || outcome.reply.status !== 200) return undefined;
  return (await judgeAnswer(outcome.reply, wanted)).answer;
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / atOnce) }, (_, at) =>
    items.slice(at * atOnce, (at + 1) * atOnce),
  );
}
