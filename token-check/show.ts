/** Values as text for a person. */

/** What is shown for a claim that is not there. */
export const missing = 'missing';

/** A value as one line of text, without invisible characters and without terminal control characters. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return missing;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const visible = text.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return visible.length > 100 ? `${visible.slice(0, 99)}…` : visible;
}

/** An instant in UTC, and how far it is from `now`; both in seconds since 1970. */
export function showTime(seconds: number | null | undefined, now: number): string {
  if (typeof seconds !== 'number') return missing;
  const date = new Date(seconds * 1000);
  const instant = Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(/\.\d+Z$/, 'Z');
  return seconds > now
    ? `${instant} (in ${showDuration(seconds - now)})`
    : `${instant} (${showDuration(now - seconds)} ago)`;
}

/** A number of seconds, rounded. */
export function showDuration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
