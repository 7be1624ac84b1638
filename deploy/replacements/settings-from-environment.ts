import { fromStatic, memoize, type loadConfig as published } from '@smithy/core/config';

/**
 * Reads a setting from its environment variable alone: on Lambda there is no home directory, and so no ~/.aws to look for before
 * the first read. A variable that is not set, or holds what it should not, leaves the default, as in the published module, but
 * without an error thrown and caught for each of a dozen settings.
 */
export const loadConfig: typeof published = (
  { environmentVariableSelector, default: defaultValue },
  configuration = {},
) =>
  memoize(async () => {
    try {
      const value = environmentVariableSelector(process.env, configuration);
      if (value !== undefined) return value;
    } catch {}
    return fromStatic(defaultValue)();
  });
