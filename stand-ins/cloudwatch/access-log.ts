/**
 * A line of API Gateway's access log: its format with the variables filled in as text, as the gateway does, quoting nothing. What
 * is not given is `-`.
 *
 * @param values by the variable's name without `$context.`
 */
export function accessLogLine(format: string, values: Readonly<Record<string, string | number>>): string {
  return format.replace(/\$context\.([\w.]+)/g, (_, variable: string) => String(values[variable] ?? '-'));
}
