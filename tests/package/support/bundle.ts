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

export type OutputFile = Metafile['outputs'][string];

/** Without the hash of the content in it, which also depends on where it was built. */
export function withoutHash(path: string): string {
  return path.replace(/-[A-Z0-9]{8}(?=\.mjs$)/, '');
}

/** What is in each file of the deployed bundle, by its path in the zip, without hashes. */
export async function describeBundle(): Promise<ReadonlyMap<string, OutputFile>> {
  const { metafile } = await build({ ...deployed(), outdir: 'handlers', metafile: true, write: false });
  return new Map(
    Object.entries(metafile.outputs).map(([path, file]) => [
      withoutHash(path),
      {
        ...file,
        imports: file.imports.map((imported) => ({ ...imported, path: withoutHash(imported.path) })),
      },
    ]),
  );
}

/** Writes the deployed bundle into a directory. */
export async function buildInto(outdir: string): Promise<void> {
  await build({ ...deployed(), outdir });
}

function deployed(): BuildOptions {
  return {
    ...esbuildOptions(),
    absWorkingDir: repository,
    entryPoints: ['handlers/token.ts'],
    outExtension: { '.js': '.mjs' },
  };
}
