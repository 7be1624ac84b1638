// @ts-check
/**
 * Every claim as a string, as API Gateway's JWT authorizer passes them to a function: an array as `[a b c]`, an object as
 * `map[key:value]`, with no quotes and nothing escaped, so `["a b"]` and `["a", "b"]` give the same string. Numbers in them are
 * written as Go does, from a million up in scientific notation.
 *
 * @param {Readonly<Record<string, unknown>>} claims the payload of a verified JWT
 * @returns {Record<string, string>}
 */
function flattenClaims(claims) {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, flatten(value)]));
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function flatten(value) {
  if (Array.isArray(value)) return `[${value.map(flattenItem).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${flattenItem(item)}`).join(' ')}]`;
  }
  return value === null ? '<nil>' : String(value);
}

/**
 * @param {unknown} item of an array or an object
 * @returns {string}
 */
function flattenItem(item) {
  const isLarge = typeof item === 'number' && Math.abs(item) >= 1e6;
  return isLarge ? item.toExponential().replace(/e\+(\d)$/, 'e+0$1') : flatten(item);
}

module.exports = { flattenClaims };
