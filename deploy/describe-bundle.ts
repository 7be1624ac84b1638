import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import bundleConfig from './bundle.cjs';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** What esbuild tells of one file that it made: its size, what went into it and what it imports. */
export type BundleDescription = Metafile['outputs'][string];

/** The options of the deployed bundle that are esbuild's own, and not serverless-esbuild's. */
export function esbuildOptions(): BuildOptions {
  const { exclude, watch, outputFileExtension, skipRebuild, ...options } = bundleConfig({});
  return { ...options, format: 'esm', platform: 'node', legalComments: 'none', logLevel: 'silent' };
}

/** How esbuild makes the deployed bundle; paths in its answers are relative to the repository. */
export function deployedBundle(): BuildOptions {
  return {
    ...esbuildOptions(),
    absWorkingDir: repository,
    entryPoints: ['handlers/token.ts'],
    outExtension: { '.js': '.mjs' },
  };
}

/** What is in the deployed bundle, and how large it is. Builds it in memory. */
export async function describeBundle(): Promise<BundleDescription> {
  const { metafile } = await build({
    ...deployedBundle(),
    outdir: 'handlers',
    metafile: true,
    write: false,
  });
  const [output, ...others] = Object.values(metafile.outputs);
  if (output === undefined || others.length > 0) throw new Error('the bundle should be one file');
  return output;
}

/** The folders of the packages of which there is code in the bundle, relative to the repository, sorted. */
export function packageFoldersIn({ inputs }: BundleDescription): string[] {
  const folders = Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
    // Of modules that are left out, the bundler keeps a shell of some 20 bytes.
    const folder = bytesInOutput > 20 ? /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] : undefined;
    return folder ?? [];
  });
  return [...new Set(folders)].sort();
}
