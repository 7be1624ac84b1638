/** `docs/openapi.yaml`: people write it, except its version and its schemas, which come from the code. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { parse, parseDocument } from 'yaml';
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
  const written: unknown = document.toJS();
  const annotations = pathIn(written, ['components', 'schemas']);
  document.setIn(['components', 'schemas'], document.createNode(annotated(schemas, annotations)));
  return document.toString({ lineWidth: 0 });
}

/** The contract's codes for which the document's operation has no answer with an example of that name, each with its status. */
export function undescribedCodes(text: string): string[] {
  const paths = pathIn(parse(text), ['paths']);
  const responses = pathIn(Object.values(Object(paths))[0], ['post', 'responses']);
  return Object.entries(statusOf).flatMap(([code, status]) => {
    const example = pathIn(responses, [status, 'content', 'application/json', 'examples', code]);
    return example === undefined ? [`${status} ${code}`] : [];
  });
}

/** The parts of a schema that people write. */
const annotationKeys = ['description', 'examples'];

/** The schema, with the annotations from the same places of the other one. */
function annotated(schema: unknown, other: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item, index) => annotated(item, pathIn(other, [index])));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = annotationKeys.flatMap((key) => {
    const annotation = pathIn(other, [key]);
    return annotation === undefined ? [] : [[key, annotation]];
  });
  const rest = Object.entries(schema).map(([key, value]) => [key, annotated(value, pathIn(other, [key]))]);
  return Object.fromEntries([...kept, ...rest]);
}

function pathIn(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    value,
  );
}
