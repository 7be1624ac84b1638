import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { parse } from 'yaml';
import { inBlock } from '../deploy/parameters.cjs';

const file = new URL('../serverless.yml', import.meta.url);
const serviceSchema = v.object({ params: v.optional(v.record(v.string(), v.unknown()), {}) });

/** The parameters that `npm start` has from `serverless.yml`: its blocks under `params:` for all stages and for `dev`. */
export function readParamsBlock(): Readonly<Record<string, string>> {
  const { params } = v.parse(serviceSchema, parse(readFileSync(file, 'utf8'), { logLevel: 'error' }));
  return Object.fromEntries([...inBlock(params['default']), ...inBlock(params['dev'])]);
}
