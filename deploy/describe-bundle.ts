import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import bundleConfig from './bundle.cjs';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** esbuild's description of one output file: its size, its inputs and its imports. */
type BundleDescription = Metafile['outputs'][string];

/** The options of the deployed bundle for esbuild, without those for serverless-esbuild. */
export function esbuildOptions(): BuildOptions {
  const { exclude, watch, outputFileExtension, skipRebuild, ...options } = bundleConfig({});
  return { ...options, format: 'esm', platform: 'node', legalComments: 'none', logLevel: 'silent' };
}

/** The functions, by the names of their files in handlers/. */
export type Handler = 'token' | 'check';

/** esbuild's options for a deployed bundle; paths in its results are relative to the repository. */
export function deployedBundle(handler: Handler = 'token'): BuildOptions {
  return {
    ...esbuildOptions(),
    absWorkingDir: repository,
    entryPoints: [`handlers/${handler}.ts`],
    outExtension: { '.js': '.mjs' },
  };
}

/** Builds a deployed bundle in memory and describes its contents and size. */
export async function describeBundle(handler: Handler = 'token'): Promise<BundleDescription> {
  const { metafile } = await build({
    ...deployedBundle(handler),
    outdir: 'handlers',
    metafile: true,
    write: false,
  });
  const [output, ...others] = Object.values(metafile.outputs);
  if (output === undefined || others.length > 0) throw new Error('the bundle should be one file');
  return output;
}

/** The folders of the packages that have code in one of these bundles, relative to the repository, sorted. */
export function packageFoldersIn(...bundles: readonly BundleDescription[]): string[] {
  const inputs = bundles.flatMap((bundle) => Object.entries(bundle.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    // For modules that are left out, the bundler keeps some 20 bytes of wrapper code.
    const folder = bytesInOutput > 20 ? /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] : undefined;
    return folder ?? [];
  });
  return [...new Set(folders)].sort();
}
