/** What was checked, and with which result. */
import { type Finding, foretell, type Verdict } from './finding.ts';

/** `skipped`: not tried, and why. */
export type Mark = Verdict | 'skipped';

/** One thing that was tried: a row of a table for a person, a code for a program. */
export interface Check {
  mark: Mark;
  /** Stable, in kebab-case, one for each outcome. */
  code: string;
  subject: string;
  value: string;
  meaning: string;
  /** Further lines, each a sentence. Only those that are not good have some. */
  notes: readonly string[];
}

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
export function checkOf(finding: Finding): Check {
  const { verdict, code, claim, value, meaning, remedy } = finding;
  const notes = [foretell(finding) ?? [], remedy === undefined ? [] : `To put it right: ${remedy}`].flat();
  return check(verdict, code, claim, value, meaning, ...notes);
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
