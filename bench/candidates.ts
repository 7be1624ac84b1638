import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { packageFunction } from '../tests/support/lambda/package.ts';

/** One way to write the function, ready to run. */
export interface Candidate {
  name: string;
  /** What stands for it in tables. */
  title: string;
  directory: string;
  /** JavaScript in the zip, in bytes. */
  bundleBytes: number;
  zipBytes: number;
  /** Whether it answers with a token; the floor does not. */
  mintsTokens: boolean;
  remove: () => Promise<void>;
}

/** ESM as Middy's and Powertools' documentation has it for esbuild: CommonJS dependencies find a `require`. */
const esm: BuildOptions = {
  format: 'esm',
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
};

/** Minified CommonJS for Node: what esbuild makes of `--bundle --platform=node --minify`. */
const cjs: BuildOptions = { format: 'cjs' };

interface Peer {
  name: string;
  title: string;
  options: BuildOptions;
  mintsTokens?: boolean;
}

const peers: readonly Peer[] = [
  { name: 'floor', title: 'floor: returns {}', options: { format: 'esm' }, mintsTokens: false },
  { name: 'dependency-free', title: 'dependency-free, the limit', options: { format: 'esm' } },
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
  const [product, ...built] = await Promise.all([buildProduct(), ...peers.map(buildPeer)]);
  const [floor, ...others] = built;
  return floor ? [floor, product, ...others] : [product];
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

async function buildPeer({ name, title, options, mintsTokens = true }: Peer): Promise<Candidate> {
  const directory = await mkdtemp(join(tmpdir(), `booky-peer-${name}-`));
  const path = `handlers/token.${options.format === 'cjs' ? 'cjs' : 'mjs'}`;
  await build({
    entryPoints: [fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url))],
    outfile: join(directory, path),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
    ...options,
  });
  const bundle = await readFile(join(directory, path));
  return {
    name,
    title,
    directory,
    bundleBytes: bundle.length,
    zipBytes: zipSizeOf(path, bundle),
    mintsTokens,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The size of a zip of one file: its headers, its name in both of them, and the deflated content. */
function zipSizeOf(path: string, content: Buffer): number {
  const [localHeader, centralHeader, end] = [30, 46, 22];
  return localHeader + centralHeader + end + 2 * path.length + deflateRawSync(content, { level: 9 }).length;
}
