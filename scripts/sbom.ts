/**
 * `npm run sbom`: the bill of materials of the deployed bundles, as CycloneDX. It lists only the packages with code in them:
 * not what is installed, but what runs. The same commit gives the same file.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { describeBundle, packageFoldersIn } from '../deploy/describe-bundle.ts';

const repository = new URL('../', import.meta.url);
const manifestSchema = v.object({ name: v.string(), version: v.string(), license: v.string() });

/** The bill of materials, as JSON. Bundles the functions in memory. */
export async function billOfMaterials(): Promise<string> {
  const folders = packageFoldersIn(await describeBundle('token'), await describeBundle('check'));
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: await componentIn('.', 'application') },
    components: await Promise.all(folders.map((folder) => componentIn(folder, 'library'))),
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

/** @param folder of the package, relative to the repository */
async function componentIn(folder: string, type: 'application' | 'library') {
  const manifest = await readFile(new URL(`${folder}/package.json`, repository), 'utf8');
  const { name, version, license } = v.parse(manifestSchema, JSON.parse(manifest));
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [shortName, group] = name.split('/').reverse();
  return {
    type,
    'bom-ref': purl,
    group,
    name: shortName,
    version,
    licenses: [{ expression: license }],
    purl,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = new URL('dist/booky-meeting-token.cdx.json', repository);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, await billOfMaterials());
  console.log(fileURLToPath(file));
}
