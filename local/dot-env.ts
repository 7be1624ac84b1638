import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

const file = new URL('../.env', import.meta.url);

/** The settings of this laptop, from the optional file `.env` in the repository. */
export function readDotEnv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
