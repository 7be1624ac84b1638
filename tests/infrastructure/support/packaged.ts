import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { fromBuffer } from 'yauzl';
import { copyService } from '../../../deploy/service-copy.ts';

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
export interface Packaged {
  /** The template as it would be sent. */
  templateText: string;
  template: Template;
  /** The CLI's own settings, as a deployment of the package would use them. */
  state: unknown;
  /** The files of the token function's zip by name. */
  zip: ReadonlyMap<string, Buffer>;
  checkZip: ReadonlyMap<string, Buffer>;
}

/** The parameters that a stage other than `dev` has to have. */
export const requiredParameters = {
  issuer: 'https://login.booky.example/',
  audience: 'web,phone',
  origins: 'https://booky.example,https://www.booky.example',
  'clubs-claim': 'cognito:groups',
} as const;

/** As arguments of the CLI. */
export function asArguments(parameters: Readonly<Record<string, string>>): string[] {
  return Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
}

/** Runs `serverless package` on a copy of the service, with no account and no network. */
export async function packageService(
  stage: string,
  parameters: Readonly<Record<string, string>>,
  region = 'eu-central-1',
): Promise<Packaged> {
  const service = await copyService();
  try {
    const { exitCode, output } = await service.serverless([
      'package',
      '--stage',
      stage,
      '--region',
      region,
      ...asArguments(parameters),
    ]);
    if (exitCode !== 0) throw new Error(`serverless package failed:\n${output}`);
    const packageDirectory = join(service.directory, '.serverless');
    const templateText = await readFile(
      join(packageDirectory, 'cloudformation-template-update-stack.json'),
      'utf8',
    );
    return {
      templateText,
      template: v.parse(templateSchema, JSON.parse(templateText)),
      state: JSON.parse(await readFile(join(packageDirectory, 'serverless-state.json'), 'utf8')),
      zip: await readZip(await readFile(join(packageDirectory, 'token.zip'))),
      checkZip: await readZip(await readFile(join(packageDirectory, 'check.zip'))),
    };
  } finally {
    await service.remove();
  }
}

/** Runs `serverless package` where it should be refused; whether anything was packaged or even built all the same. */
export async function packageRefused(
  args: readonly string[],
): Promise<{ output: string; isAnythingPackaged: boolean }> {
  const service = await copyService();
  try {
    const { exitCode, output } = await service.serverless(['package', ...args]);
    if (exitCode === 0) throw new Error(`serverless package was not refused:\n${output}`);
    const traces = await Promise.all(
      ['.serverless', '.esbuild'].map((name) =>
        access(join(service.directory, name)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return { output, isAnythingPackaged: traces.includes(true) };
  } finally {
    await service.remove();
  }
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

function readZip(buffer: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  return new Promise((resolve, reject) => {
    fromBuffer(buffer, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('error', reject);
      zip.on('end', () => resolve(files));
      zip.on('entry', (entry) => {
        zip.openReadStream(entry, async (failure, stream) => {
          if (failure) return reject(failure);
          try {
            files.set(entry.fileName, Buffer.concat(await stream.toArray()));
            zip.readEntry();
          } catch (fault) {
            reject(fault);
          }
        });
      });
      zip.readEntry();
    });
  });
}
