import { quantile } from '../../bench/statistics.ts';
import type { Answer } from './environments.ts';
import type { Phase } from './phases.ts';

/** The longest wait of a request with good credentials in hand: the default patience with a refresh, and as much again. */
const longestMs = 600;

/** What came of a phase. */
export interface Outcome {
  phase: Phase;
  answers: readonly Answer[];
  /** Correctly signed reads that reached the store. */
  reads: number;
  /** Which keys signed the tokens. */
  signedWith: readonly string[];
  log: Logged;
  /** How many of the tokens that were shown to LiveKit it refused. */
  refusedByLiveKit: number;
  /** How long after the end of the fault every environment had newly read credentials, in milliseconds. */
  freshAgainMs: number;
  /** Whether it had within the time that is allowed. */
  isFreshAgain: boolean;
}

/** What the log says of a phase, with how many lines say it. */
export interface Logged {
  /** By `credentials_state`. */
  states: ReadonlyMap<string, number>;
  /** By what failed a read, and of what made the previous version serve. */
  causes: ReadonlyMap<string, number>;
}

export const logged = (lines: readonly Record<string, unknown>[]): Logged => ({
  states: tally(lines.map((line) => line['credentials_state'])),
  causes: tally(lines.map(({ causes }) => Array.isArray(causes) && causeOf(causes[0]))),
});

/** How often each text is among the values. */
function tally(values: readonly unknown[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) {
    if (typeof value === 'string') counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** An error's name, or its message where the name says nothing. */
const causeOf = ({ name, message }: Record<string, unknown>) => (name === 'Error' ? message : name);

const durations = (answers: readonly Answer[]) => answers.map(({ durationMs }) => durationMs);
const slowest = (answers: readonly Answer[]) => Math.max(0, ...durations(answers));
const withGoodValue = (answers: readonly Answer[]) => answers.filter(({ hadGoodValue }) => hadGoodValue);
const failed = (answers: readonly Answer[]) => answers.filter(({ token }) => token === undefined);
const ms = (value: number) => `${Math.round(value).toLocaleString('en')} ms`;
const counts = (map: ReadonlyMap<string, number>) =>
  [...map].map(([what, count]) => `${what} ${count}`).join(', ');

/** A line for the terminal. */
export function summary(outcome: Outcome): string {
  const { phase, answers, reads, signedWith, log, refusedByLiveKit, freshAgainMs } = outcome;
  const times = durations(answers);
  const failures = tally(failed(answers).map(({ code }) => code));
  return [
    phase.name,
    `  ${answers.length} requests, failed: ${counts(failures) || 'none'}; p50 ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}, slowest ${ms(slowest(answers))}, with good credentials in hand ${ms(slowest(withGoodValue(answers)))}`,
    `  ${reads} reads; signed with the ${signedWith.join(' and the ')}; LiveKit refused ${refusedByLiveKit}; fresh again after ${ms(freshAgainMs)}`,
    `  credentials: ${counts(log.states)}; causes: ${counts(log.causes) || 'none'}`,
  ].join('\n');
}

/** What of an outcome must not be. */
export function faultsOf({ phase, answers, refusedByLiveKit, isFreshAgain }: Outcome): string[] {
  const inHand = withGoodValue(answers);
  const unexplained = failed(answers).filter(
    ({ hadGoodValue, code }) => hadGoodValue || !phase.explains?.includes(code),
  );
  return [
    unexplained.length > 0 && `${unexplained.length} requests failed (${unexplained[0]?.code})`,
    slowest(inHand) > longestMs &&
      `a request with good credentials in hand took ${ms(slowest(inHand))}, more than ${longestMs}`,
    refusedByLiveKit > 0 && `LiveKit refused ${refusedByLiveKit} tokens`,
    !isFreshAgain && 'some environments were not fresh again in time',
  ].flatMap((fault) => (fault === false ? [] : `${phase.name}: ${fault}.`));
}

/** The table of docs/performance.md. */
export function faultsTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) =>
    [outcome.phase.name, whatReadersSee(outcome), whatTheLogSays(outcome)].join(' | '),
  );
  return [
    '| fault | failed; slowest answer | what the log says |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function whatReadersSee({ answers }: Outcome): string {
  const failures = failed(answers).length;
  const where = failures === 0 ? '' : ', all in new environments';
  return `${failures} of ${answers.length.toLocaleString('en')}${where}; ${ms(slowest(withGoodValue(answers)))}`;
}

function whatTheLogSays({ log: { states, causes } }: Outcome): string {
  const said = [states, causes].map((what) => [...what.keys()].sort().map((text) => `\`${text}\``));
  return said.flatMap((texts) => (texts.length === 0 ? [] : texts.join(', '))).join('; ');
}
