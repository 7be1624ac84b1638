/** What was checked, and with which result: rows of a table for a person, codes for a program. */
import type { Finding, Verdict } from './finding.ts';

/** `skipped`: not tried, and why. */
export type Mark = Verdict | 'skipped';

export interface Row {
  mark: Mark;
  subject: string;
  value: string;
  meaning: string;
  /** Further lines, each a sentence. */
  notes: readonly string[];
}

/** One thing that was tried. */
export interface Check extends Row {
  /** A stable code for programs, in kebab-case, one for each outcome. */
  code: string;
}

/** Builds a check. Only those that are not good have notes. */
export function check(
  mark: Mark,
  code: string,
  subject: string,
  value: string,
  meaning: string,
  ...notes: string[]
): Check {
  return { mark, code, subject, value, meaning, notes };
}

/** A finding of `judgeToken` as a row: a cross says what LiveKit will answer, and how to fix it. */
export function rowOf({ verdict, claim, value, meaning, answer, remedy }: Finding): Row {
  const answered = `LiveKit will answer: ${answer.status} “${answer.reason}”.`;
  return {
    mark: verdict,
    subject: claim,
    value,
    meaning,
    notes: [
      ...(verdict === 'bad' ? [answered] : []),
      ...(remedy === undefined ? [] : [`To put it right: ${remedy}`]),
    ],
  };
}

/** What is wrong. */
export function crossesIn(checks: readonly Check[]): Check[] {
  return checks.filter(({ mark }) => mark === 'bad');
}

/** The crosses as one sentence. */
export function namedCrosses(checks: readonly Check[]): string {
  return crossesIn(checks)
    .map(({ subject, value, meaning }) => `${subject} ${value} (${meaning})`)
    .join('; ');
}
