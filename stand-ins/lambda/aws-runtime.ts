import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** AWS's own runtime client, the part of Lambda's Node runtime that loads a function and calls it; `undefined` where there is none. */
export function findAwsRuntime(): string | undefined {
  const path = fileURLToPath(
    new URL('../../.tools/lambda-runtime/node_modules/aws-lambda-ric/index.mjs', import.meta.url),
  );
  return existsSync(path) ? path : undefined;
}
