import type { Mark, Row } from '../checks/table.ts';

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
