import { fromStatic, memoize, type loadConfig as published } from '@smithy/core/config';

/**
 * Reads a setting only from its environment variable: on Lambda there is no home directory, so there is no ~/.aws to look for before
 * the first read. If a variable is unset or invalid, the default is used, as in the published module. But that one throws and
 * catches an error for each of a dozen settings.
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
