/**
 * CloudWatch Logs' filter patterns for JSON, as far as this project uses them: `{ $.field = 401 }` and `{ $.field = "text" }`.
 *
 * @returns whether a log line matches
 * @throws {Error} for a pattern of any other form
 */
export function filterPattern(pattern: string): (line: string) => boolean {
  const [, path, text, number] =
    /^\{ \$\.([\w.]+) = (?:"([^"\\*%]*)"|(-?\d+(?:\.\d+)?)) \}$/.exec(pattern) ?? [];
  if (path === undefined) throw new Error(`Not a pattern that is understood here: ${pattern}`);
  const wanted = number === undefined ? text : Number(number);
  return (line) => {
    try {
      return valueAt(JSON.parse(line), path.split('.')) === wanted;
    } catch {
      // No JSON: such a line matches no pattern for JSON.
      return false;
    }
  };
}

function valueAt(value: unknown, [first, ...rest]: string[]): unknown {
  if (first === undefined) return value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return undefined;
  return valueAt(Object.entries(value).find(([key]) => key === first)?.[1], rest);
}
