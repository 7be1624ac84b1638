/** What was checked, and with which result. */
import * as v from 'valibot';
import { type Finding, foretell } from './finding.ts';

/** One thing that was tried: a row of a table for a person, a code for a program. */
export const checkSchema = v.object({
  /** A finding's verdict; `skipped`: not tried, and why. */
  mark: v.picklist(['good', 'warning', 'bad', 'withheld', 'skipped']),
  /** Stable, in kebab-case, one for each outcome. */
  code: v.string(),
  subject: v.string(),
  value: v.string(),
  meaning: v.string(),
  /** Further lines, each a sentence. Only those that are not good have some. */
  notes: v.array(v.string()),
});
export type Check = v.InferOutput<typeof checkSchema>;
export type Mark = Check['mark'];

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
