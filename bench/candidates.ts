import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { packageFunction } from '../deploy/package-function.ts';
import { stages } from './steps.ts';

/** One way to write the function, ready to run. */
export interface Candidate {
  name: string;
  /** Its name in tables. */
  title: string;
  directory: string;
  /** JavaScript in the zip, in bytes. */
  bundleBytes: number;
  zipBytes: number;
  /** Whether it answers with a token; the floor does not. */
  mintsTokens: boolean;
  remove: () => Promise<void>;
}

/** ESM as in Middy's and Powertools' documentation for esbuild: the banner defines `require` for CommonJS dependencies. */
const esm: BuildOptions = {
  format: 'esm',
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
};

/** Minified CommonJS for Node: the output of esbuild with `--bundle --platform=node --minify`. */
const cjs: BuildOptions = { format: 'cjs' };

interface Peer {
  name: string;
  title: string;
  options: BuildOptions;
}

const floorPeer: Peer = { name: 'floor', title: 'floor: returns {}', options: { format: 'esm' } };
const limitPeer: Peer = {
  name: 'dependency-free',
  title: 'dependency-free, the limit',
  options: { format: 'esm' },
};

const peers: readonly Peer[] = [
  limitPeer,
  { name: 'usual', title: 'both SDKs, usual bundle', options: cjs },
  { name: 'middy', title: 'Middy secrets-manager', options: esm },
  {
    name: 'powertools',
    title: 'Powertools parameters',
    options: { ...esm, mainFields: ['module', 'main'] },
  },
];

/** Builds them all: the product by `serverless package`, the peers with esbuild. */
export async function buildCandidates(): Promise<Candidate[]> {
  const [product, floor, ...others] = await Promise.all([
    buildProduct(),
    buildPeer(floorPeer),
    ...peers.map(buildPeer),
  ]);
  return [floor, product, ...others];
}

/** The product at each stage of its build, between the floor and the limit. */
export async function buildStages(): Promise<Candidate[]> {
  const built = stages().map(({ name, options }) =>
    bundle({ name, title: name, entry: '../handlers/token.ts', options, mintsTokens: true }),
  );
  return await Promise.all([buildPeer(floorPeer), buildPeer(limitPeer), ...built]);
}

/** The product and the limit, with source maps that show from which source file the running code comes. */
export async function buildProfiled(): Promise<Candidate[]> {
  const product = stages().at(-1);
  if (product === undefined) throw new Error('the build has no stages');
  return await Promise.all([
    bundle({
      name: 'product',
      title: 'this function',
      entry: '../handlers/token.ts',
      options: { ...product.options, sourcemap: 'external' },
      mintsTokens: true,
    }),
    buildPeer({ ...limitPeer, options: { ...limitPeer.options, sourcemap: 'external' } }),
  ]);
}

async function buildProduct(): Promise<Candidate> {
  const { directory, zipBytes, files, remove } = await packageFunction();
  const bundleBytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  return {
    name: 'product',
    title: 'this function',
    directory,
    bundleBytes,
    zipBytes,
    mintsTokens: true,
    remove,
  };
}

function buildPeer({ name, title, options }: Peer): Promise<Candidate> {
  return bundle({ name, title, options, entry: `peers/${name}.ts`, mintsTokens: name !== floorPeer.name });
}

interface Bundle {
  name: string;
  title: string;
  /** Relative to this file. */
  entry: string;
  options: BuildOptions;
  mintsTokens: boolean;
}

async function bundle({ name, title, entry, options, mintsTokens }: Bundle): Promise<Candidate> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-candidate-'));
  const path = `handlers/token.${options.format === 'cjs' ? 'cjs' : 'mjs'}`;
  await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    outfile: join(directory, path),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
    ...options,
  });
  const content = await readFile(join(directory, path));
  return {
    name,
    title,
    directory,
    bundleBytes: content.length,
    zipBytes: zipSizeOf(path, content),
    mintsTokens,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The size of a zip of one file: its headers, its name in both of them, and the deflated content. */
function zipSizeOf(path: string, content: Buffer): number {
  const [localHeader, centralHeader, end] = [30, 46, 22];
  return localHeader + centralHeader + end + 2 * path.length + deflateRawSync(content, { level: 9 }).length;
}
