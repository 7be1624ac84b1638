import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { packageFunction } from '../deploy/package-function.ts';

/** One way to write the function, ready to run. */
export interface Candidate {
  title: string;
  directory: string;
  /** The JavaScript in the zip, in bytes. */
  bundleBytes: number;
  remove: () => Promise<void>;
}

/** As in Middy's and Powertools' documentation for esbuild: the banner defines `require` for CommonJS dependencies. */
const esm: BuildOptions = {
  format: 'esm',
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
};

/** The benchmark's candidates: the product as `serverless package` builds it, and the others, each as its users would build it. */
export async function buildCandidates() {
  const [floor, limit, product, usual, powertools, middy] = await Promise.all([
    bundle('floor', 'floor: returns {}', { format: 'esm' }),
    bundle('dependency-free', 'dependency-free, the limit', { format: 'esm' }),
    buildProduct(),
    bundle('usual', 'both SDKs, usual bundle', { format: 'cjs' }),
    bundle('powertools', 'Powertools parameters', { ...esm, mainFields: ['module', 'main'] }),
    bundle('middy', 'Middy secrets-manager', esm),
  ]);
  return { floor, limit, product, usual, powertools, middy };
}

async function buildProduct(): Promise<Candidate> {
  const { directory, files, remove } = await packageFunction();
  const bundleBytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  return { title: 'this function', directory, bundleBytes, remove };
}

async function bundle(peer: string, title: string, options: BuildOptions): Promise<Candidate> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-candidate-'));
  const outfile = join(directory, `handlers/token.${options.format === 'cjs' ? 'cjs' : 'mjs'}`);
  await build({
    entryPoints: [fileURLToPath(new URL(`peers/${peer}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
    ...options,
  });
  const { size } = await stat(outfile);
  return {
    title,
    directory,
    bundleBytes: size,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
