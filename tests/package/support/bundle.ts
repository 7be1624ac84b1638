import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import bundleConfig from '../../../deploy/bundle.cjs';
import { coreModules } from '../../../deploy/bundle-steps.cjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The options of the deployed bundle that are esbuild's own, and not serverless-esbuild's. */
export function esbuildOptions(): BuildOptions {
  const { exclude, watch, outputFileExtension, skipRebuild, ...options } = bundleConfig({});
  return { ...options, format: 'esm', platform: 'node', legalComments: 'none', logLevel: 'silent' };
}

/** Bundles a module written for a test into one file, with these plugins; paths in it are relative to the repository. */
export async function bundleSource(source: string, plugins: Plugin[]): Promise<string> {
  const { outputFiles } = await build({
    ...esbuildOptions(),
    plugins,
    minify: false,
    stdin: { contents: source, resolveDir: repository },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** What is in the deployed bundle, and how large it is. */
export async function describeBundle(): Promise<Metafile['outputs'][string]> {
  const { metafile } = await build({ ...deployed(), outdir: 'handlers', metafile: true, write: false });
  const [output, ...others] = Object.values(metafile.outputs);
  if (output === undefined || others.length > 0) throw new Error('the bundle should be one file');
  return output;
}

/** Writes the deployed bundle into a directory, with this text in the place of what only answers need. */
export async function buildWithAnswers(answers: string, directory: string): Promise<void> {
  const substitute: Plugin = {
    name: 'substitute',
    setup: ({ onLoad }) => onLoad({ filter: /lib\/token-endpoint\.ts$/ }, () => ({ contents: answers })),
  };
  // Without the changes to packages: LiveKit's is not met.
  await build({ ...deployed(), plugins: [coreModules, substitute], outdir: join(directory, 'handlers') });
}

function deployed(): BuildOptions {
  return {
    ...esbuildOptions(),
    absWorkingDir: repository,
    entryPoints: ['handlers/token.ts'],
    outExtension: { '.js': '.mjs' },
  };
}
