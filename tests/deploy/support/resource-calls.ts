import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { tools } from '../../../scripts/rehearsal/tools.ts';

const handlers = ['create', 'read', 'update', 'delete'] as const;

const handler = v.optional(v.object({ permissions: v.array(v.string()) }));
const schema = v.object({
  typeName: v.string(),
  handlers: v.object({ create: handler, read: handler, update: handler, delete: handler }),
});

/**
 * The permissions with which CloudFormation creates, reads, updates and deletes a resource of these types, whatever of its
 * properties are set: from AWS's own schemas of resource types, which cfn-lint comes with.
 */
export async function callsOf(types: ReadonlySet<string>): Promise<Set<string>> {
  const found = new Set<string>();
  const calls = new Set<string>();
  for (const file of await schemaFiles()) {
    const parsed = v.safeParse(schema, JSON.parse(await readFile(file, 'utf8')));
    if (!parsed.success || !types.has(parsed.output.typeName)) continue;
    found.add(parsed.output.typeName);
    for (const name of handlers) {
      for (const permission of parsed.output.handlers[name]?.permissions ?? []) calls.add(permission);
    }
  }
  const missing = [...types].filter((type) => !found.has(type));
  if (missing.length > 0) throw new Error(`cfn-lint has no schema of ${missing.join(', ')}`);
  return calls;
}

async function schemaFiles(): Promise<string[]> {
  const library = fileURLToPath(new URL('../lib/', `file://${tools.cfnLint}`));
  const [python = ''] = await readdir(library);
  const folder = `${library}${python}/site-packages/cfnlint/data/schemas/resources/`;
  return (await readdir(folder)).filter((name) => name.endsWith('.json')).map((name) => folder + name);
}
