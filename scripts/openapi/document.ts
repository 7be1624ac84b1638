/** `docs/openapi.yaml`: people write it, except its version and its schemas, which come from the code. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { type Document, parseDocument } from 'yaml';
import { statusOf } from '../../lib/contract.ts';
import { schemas } from './schemas.ts';

export const documentPath = new URL('../../docs/openapi.yaml', import.meta.url);

const packageSchema = v.object({ version: v.string() });

/** The document with its schemas replaced by the code's. The descriptions and examples in the schemas stay. */
export async function currentDocument(): Promise<string> {
  const packageFile = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = v.parse(packageSchema, JSON.parse(packageFile));
  const document = parseDocument(await readFile(documentPath, 'utf8'));
  document.setIn(['info', 'version'], version);
  const path = ['components', 'schemas'];
  document.setIn(path, document.createNode(annotated(schemas, document, path)));
  return document.toString({ lineWidth: 0 });
}

/** The contract's codes for which the document's operation has no answer with an example of that name, each with its status. */
export function undescribedCodes(text: string): string[] {
  const document = parseDocument(text);
  const responses = ['paths', '/api/reading-clubs/meetings/token', 'post', 'responses'];
  return Object.entries(statusOf).flatMap(([code, status]) => {
    const example = [String(status), 'content', 'application/json', 'examples', code];
    return document.hasIn([...responses, ...example]) ? [] : [`${status} ${code}`];
  });
}

/** The schema, with the parts of it that people write from this place of the document. */
function annotated(schema: unknown, document: Document, path: readonly (string | number)[]): unknown {
  if (Array.isArray(schema)) return schema.map((item, at) => annotated(item, document, [...path, at]));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = ['description', 'examples'].flatMap((key) => {
    const annotation = document.getIn([...path, key]);
    return annotation === undefined ? [] : [[key, annotation]];
  });
  const rest = Object.entries(schema).map(([key, value]) => [
    key,
    annotated(value, document, [...path, key]),
  ]);
  return Object.fromEntries([...kept, ...rest]);
}
