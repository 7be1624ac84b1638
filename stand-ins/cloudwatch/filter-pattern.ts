/**
 * CloudWatch Logs' filter patterns for JSON, as far as this project uses them: `{ $.field = 401 }`.
 *
 * @returns whether a log line matches
 * @throws {Error} for a pattern of any other form
 */
export function filterPattern(pattern: string): (line: string) => boolean {
  const [, field, number] = /^\{ \$\.(\w+) = (\d+) \}$/.exec(pattern) ?? [];
  if (field === undefined) throw new Error(`Not a pattern that is understood here: ${pattern}`);
  return (line) => {
    try {
      return Object(JSON.parse(line))[field] === Number(number);
    } catch {
      // No JSON: such a line matches no pattern for JSON.
      return false;
    }
  };
}
