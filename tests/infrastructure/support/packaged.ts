import * as v from 'valibot';
import { type PackagedFunction, packageFunction } from '../../../deploy/package-function.ts';
import { asArguments } from '../../../scripts/rehearsal/service.ts';

const resourceSchema = v.looseObject({
  Type: v.string(),
  Properties: v.optional(v.record(v.string(), v.unknown()), {}),
});

const templateSchema = v.looseObject({
  Resources: v.record(v.string(), resourceSchema),
  Outputs: v.record(v.string(), v.looseObject({ Value: v.unknown() })),
});

/** The generated CloudFormation template, as far as tests look into it. */
export type Template = v.InferOutput<typeof templateSchema>;
export type Resource = v.InferOutput<typeof resourceSchema>;

/** What `serverless package` made of the service. */
export interface Packaged extends Omit<PackagedFunction, 'template'> {
  /** The template as it would be sent. */
  templateText: string;
  template: Template;
}

/** The parameters that every deployment but a laptop's has to have. */
export const requiredParameters = {
  issuer: 'https://login.booky.example/',
  audience: 'web,phone',
  origins: 'https://booky.example,https://www.booky.example',
  'clubs-claim': 'cognito:groups',
} as const;

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;

/** Every parameter that changes the template, with another value than its default; of those that set a variable, two. */
export const choices = {
  ...requiredParameters,
  scopes: 'meetings/join,openid',
  secret: 'team/livekit',
  'create-secret': 'true',
  'kms-key': arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  'permissions-boundary': 'arn:aws:iam::123456789012:policy/boundary',
  'livekit-url': 'wss://booky.livekit.cloud',
  'throttling-rate': '7',
  'throttling-burst': '9',
  'reserved-concurrency': '0',
  'log-retention-days': '30',
  tracing: 'true',
  domain: 'meetings.booky.example',
  certificate: arn('acm', 'certificate/1234abcd-12ab-34cd-56ef-1234567890ab'),
  'default-endpoint': 'false',
};

/** Runs `serverless package` on a copy of the service, with no account and no network. */
export async function packageStage(
  stage: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Packaged> {
  const options = ['--stage', stage, ...asArguments(parameters)];
  const { template: templateText, ...packaged } = await packageFunction(options);
  return { ...packaged, templateText, template: v.parse(templateSchema, JSON.parse(templateText)) };
}

/** As `packageStage`, for a test that looks at the template alone. */
export async function packageService(...args: Parameters<typeof packageStage>): Promise<Packaged> {
  const packaged = await packageStage(...args);
  await packaged.remove();
  return packaged;
}

/** The resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return Object.fromEntries(
    Object.entries(template.Resources).filter(([, resource]) => resource.Type === type),
  );
}

/** @throws {Error} unless there is exactly one resource of this type. */
export function onlyResource(template: Template, type: string): Record<string, unknown> {
  const [resource, ...others] = Object.values(resourcesOf(template, type));
  if (resource === undefined || others.length > 0) throw new Error(`There should be exactly one ${type}.`);
  return resource.Properties;
}

/** @throws {Error} unless there is a resource of this logical id. */
export function propertiesOf(template: Template, id: string): Record<string, unknown> {
  const resource = template.Resources[id];
  if (resource === undefined) throw new Error(`There is no ${id}.`);
  return resource.Properties;
}

/** The logical id of the token function's role, which follows from what it allows. */
export function tokenRole({ Resources: resources }: Template): string {
  return Object.keys(resources).find((id) => /^TokenFunctionRole[\da-f]{7}$/.test(id)) ?? 'TokenFunctionRole';
}
