import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { coreModules } from '../../../deploy/bundle-steps.cjs';
import { deployedBundle, esbuildOptions } from '../../../deploy/describe-bundle.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

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

/** Writes the deployed bundle into a directory, with this text in the place of what only answers need. */
export async function buildWithAnswers(answers: string, directory: string): Promise<void> {
  const substitute: Plugin = {
    name: 'substitute',
    setup: ({ onLoad }) => onLoad({ filter: /lib\/token-endpoint\.ts$/ }, () => ({ contents: answers })),
  };
  // Without the changes to packages: a start takes longer, and the rest is the same.
  await build({
    ...deployedBundle(),
    plugins: [coreModules, substitute],
    outdir: join(directory, 'handlers'),
  });
}
