// @ts-check
/** How serverless-esbuild turns `handlers/token.ts` and all that it imports into the few files that are deployed. */
const { rm } = require('node:fs/promises');
const { join } = require('node:path');
const { changePackages, coreModules, steps } = require('./bundle-steps.cjs');

/**
 * Where the bundle's further files go, below the first one's folder: with the hash of their content in their names, so that any
 * number of them get along.
 */
const chunks = 'chunks';

/**
 * Without it, a file of an earlier build (by `npm start`, say) would be packaged as well.
 *
 * @type {import('esbuild').Plugin}
 */
const noChunkOfAnEarlierBuild = {
  name: 'no chunk of an earlier build',
  setup(build) {
    build.onStart(async () => {
      const { outdir, write } = build.initialOptions;
      if (outdir !== undefined && write !== false)
        await rm(join(outdir, chunks), { recursive: true, force: true });
    });
  },
};

/** @param {object} _serverless */
module.exports = (_serverless) => ({
  bundle: true,
  minify: true,
  legalComments: 'none',
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Node takes a file for an ES module by this ending alone: no package.json goes into the zip.
  outputFileExtension: '.mjs',
  // What only answers need stays a file of its own, because handlers/token.ts imports it when the read of the secret has left:
  // compiled before, it would hold up the read.
  splitting: true,
  chunkNames: `${chunks}/[name]-[hash]`,
  // The ES modules of a package rather than its CommonJS: they tree-shake, and need no `require` at run time.
  mainFields: ['module', 'main'],
  plugins: [noChunkOfAnEarlierBuild, coreModules, changePackages(steps)],
  // By default 'aws-sdk' is left out; nothing is, since the runtime's own copy loads more slowly and changes by itself.
  exclude: [],
  // `npm start` builds anew when one of these changes.
  watch: { pattern: ['handlers/**/*.ts', 'lib/**/*.ts'] },
});
