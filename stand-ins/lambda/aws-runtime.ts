import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tools = new URL('../../.tools/', import.meta.url);

/**
 * AWS's own runtime client, the part of Lambda's Node runtime that loads a function and calls it.
 *
 * @throws {Error} naming the command that installs it, where it is missing
 */
export function findAwsRuntime(): string {
  return find('lambda-runtime/node_modules/aws-lambda-ric/index.mjs', 'lambda-runtime');
}

/** The Node that the function runs on. @throws {Error} naming the command that installs it, where it is missing */
export function findNode24(): string {
  return find('node24/bin/node', 'node-24');
}

function find(path: string, name: string): string {
  const found = fileURLToPath(new URL(path, tools));
  if (existsSync(found)) return found;
  throw new Error(`There is no ${found}: run scripts/install.sh ${name}.`);
}
