/** What was checked, and with which result: rows of a table for a person, codes for a program. */
import { type Finding, foretell, type Verdict } from './finding.ts';

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
export function rowOf(finding: Finding): Row {
  const { verdict, claim, value, meaning, remedy } = finding;
  const notes = [foretell(finding), remedy && `To put it right: ${remedy}`].filter(
    (note) => note !== undefined,
  );
  return { mark: verdict, subject: claim, value, meaning, notes };
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
