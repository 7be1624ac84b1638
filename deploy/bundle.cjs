// @ts-check
// The zip keeps the modes of its files: the same on every machine, and readable to the user that the function runs as.
process.umask(0o022);

/** How serverless-esbuild turns `handlers/token.ts` and all that it imports into the one file that is deployed. */
const { changePackages, coreModules, steps } = require('./bundle-steps.cjs');

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
  // The ES modules of a package rather than its CommonJS: they tree-shake, and need no `require` at run time.
  mainFields: ['module', 'main'],
  plugins: [coreModules, changePackages(steps)],
  // By default 'aws-sdk' is left out; nothing is, since the runtime's own copy loads more slowly and changes by itself.
  exclude: [],
  // Each build by itself: the context that esbuild keeps for the next one would keep the CLI from ending after a build that failed.
  skipRebuild: true,
  // `npm start` builds anew when one of these changes.
  watch: { pattern: ['handlers/**/*.ts', 'lib/**/*.ts'] },
});
