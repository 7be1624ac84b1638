/**
 * `npm run sbom`: the bill of materials of the deployed bundle, as CycloneDX. It lists only the packages with code in the bundle:
 * not what is installed, but what runs. The same commit gives the same file.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import parseSpdxExpression from 'spdx-expression-parse';
import * as v from 'valibot';
import { describeBundle, packageFoldersIn } from '../deploy/describe-bundle.ts';

const repository = new URL('../', import.meta.url);
const licenses = new Contrib.License.Factories.LicenseFactory(parseSpdxExpression);
const manifestSchema = v.object({ name: v.string(), version: v.string(), license: v.string() });

/** The bill of materials, as JSON. Bundles the function in memory. */
export async function billOfMaterials(): Promise<string> {
  const bom = new Models.Bom();
  bom.metadata.component = await componentIn('.', Enums.ComponentType.Application);
  for (const folder of packageFoldersIn(await describeBundle())) {
    bom.components.add(await componentIn(folder, Enums.ComponentType.Library));
  }
  const normalize = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const serializer = new Serialize.JsonSerializer(normalize);
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

/** @param folder of the package, relative to the repository */
async function componentIn(folder: string, type: Enums.ComponentType): Promise<Models.Component> {
  const manifest = await readFile(new URL(`${folder}/package.json`, repository), 'utf8');
  const { name, version, license } = v.parse(manifestSchema, JSON.parse(manifest));
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [shortName = name, group] = name.split('/').reverse();
  const component = new Models.Component(type, shortName, { version, purl, bomRef: purl });
  if (group !== undefined) component.group = group;
  component.licenses.add(licenses.makeFromString(license));
  return component;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = new URL('dist/booky-meeting-token.cdx.json', repository);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, await billOfMaterials());
  console.log(fileURLToPath(file));
}
