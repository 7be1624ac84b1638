import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import bundleConfig from '../../../deploy/bundle.cjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The options of the deployed bundle that are esbuild's own, and not serverless-esbuild's. */
export function esbuildOptions(): BuildOptions {
  const { exclude, watch, outputFileExtension, ...options } = bundleConfig({});
  return { ...options, format: 'esm', platform: 'node', legalComments: 'none', logLevel: 'silent' };
}

/** Bundles a module written for a test into one file, with these plugins; paths in it are relative to the repository. */
export async function bundleSource(source: string, plugins: Plugin[]): Promise<string> {
  const { outputFiles } = await build({
    ...esbuildOptions(),
    splitting: false,
    plugins,
    minify: false,
    stdin: { contents: source, resolveDir: repository },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** What is in each file of the deployed bundle, by its path in the zip. */
export async function describeBundle(): Promise<Record<string, Metafile['outputs'][string]>> {
  const { metafile } = await build({
    ...esbuildOptions(),
    absWorkingDir: repository,
    entryPoints: ['handlers/token.ts'],
    outdir: 'handlers',
    outExtension: { '.js': '.mjs' },
    metafile: true,
    write: false,
  });
  return metafile.outputs;
}
