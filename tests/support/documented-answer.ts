/** Compares answers and bodies of requests with docs/openapi.yaml. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { parse } from 'yaml';

const reference = v.object({ $ref: v.pipe(v.string(), v.startsWith('#/')) });
const header = v.object({ required: v.optional(v.boolean(), false), schema: v.looseObject({}) });
const examples = v.record(v.string(), v.object({ value: v.unknown() }));
const content = v.object({
  'application/json': v.object({ schema: v.looseObject({}), examples: v.optional(examples, {}) }),
});
const operation = v.object({
  requestBody: v.object({ content }),
  responses: v.record(
    v.string(),
    v.object({ content, headers: v.optional(v.record(v.string(), v.union([reference, header])), {}) }),
  ),
});
const documentSchema = v.looseObject({
  paths: v.object({ '/api/reading-clubs/meetings/token': v.object({ post: operation }) }),
  components: v.looseObject({ headers: v.record(v.string(), header) }),
});

const file = readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8');
const document = v.parse(
  documentSchema,
  parse(file, (_key, value) => closed(value)),
);

/** The one operation that the document describes. */
export const documented = document.paths['/api/reading-clubs/meetings/token'].post;

// The parts of the document that are not JSON Schema are ignored.
const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ },
});
ajv.addSchema({ ...document, $id: 'openapi' });

/** Whether a body is one that the document allows to send. */
export const isDocumentedRequest = compile(documented.requestBody.content['application/json'].schema);

/** @throws {Error} saying in what the answer's status, headers or body differ from what is documented. */
export async function expectDocumented(answer: Response): Promise<void> {
  const response = documented.responses[answer.status];
  if (response === undefined) throw new Error(`docs/openapi.yaml has no answer ${answer.status}.`);
  const body: unknown = await answer.clone().json();
  const differences = [
    ...differencesOf('body', body, response.content['application/json'].schema),
    ...differencesOf('content-type', answer.headers.get('content-type')?.split(';')[0], {
      enum: Object.keys(response.content),
    }),
    ...Object.entries(response.headers).flatMap(([name, described]) => {
      const { required, schema } = '$ref' in described ? headerAt(described.$ref) : described;
      const value = answer.headers.get(name);
      if (value === null) return required ? [`${name} is missing`] : [];
      return differencesOf(name, schema['type'] === 'integer' ? Number(value) : value, schema);
    }),
  ];
  if (differences.length === 0) return;
  throw new Error(`This ${answer.status} is not the one of docs/openapi.yaml: ${differences.join('; ')}.`);
}

function differencesOf(what: string, value: unknown, schema: object): string[] {
  const validate = compile(schema);
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${what}${e.instancePath} ${e.message}`);
}

function headerAt(pointer: string): v.InferOutput<typeof header> {
  const found = document.components.headers[pointer.replace('#/components/headers/', '')];
  if (found === undefined) throw new Error(`docs/openapi.yaml has no ${pointer}.`);
  return found;
}

/** References in it are to the document's root. */
function compile(schema: object): ValidateFunction {
  const absolute: object = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
  return ajv.compile(absolute);
}

/** Clients have to allow for more than is documented; what the endpoint answers is no more than that. */
function closed(value: unknown): unknown {
  const hasProperties =
    typeof value === 'object' &&
    value !== null &&
    'required' in value &&
    'properties' in value &&
    'type' in value;
  return hasProperties ? { ...value, additionalProperties: false } : value;
}
