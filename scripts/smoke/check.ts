import type { Mark, Row } from '../checks/table.ts';

/** One thing that was tried. */
export interface Check extends Row {
  /** For programs: stable, in kebab-case, one for each outcome. */
  code: string;
}

/** A check in short: only what is not well has notes. */
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
