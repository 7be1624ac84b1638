// @ts-check
// The zip keeps the files' modes: they should be the same on every machine, and readable for the user that the function runs as.
process.umask(0o022);

/** How serverless-esbuild turns a handler and all that it imports into the one file that is deployed. */
const { changePackages, coreModules, replacements } = require('./bundle-steps.cjs');

/** @param {object} _serverless */
module.exports = (_serverless) => ({
  bundle: true,
  minify: true,
  legalComments: 'none',
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // This extension alone makes the file an ES module for Node: there is no package.json in the zip.
  outputFileExtension: '.mjs',
  // The ES modules of a package rather than its CommonJS: they tree-shake, and need no `require` at run time.
  mainFields: ['module', 'main'],
  // The check does not serve readers: it may start slowly, and calls another service.
  plugins: [coreModules, changePackages(replacements, 'handlers/token.ts')],
  // Leaves nothing out. The default leaves out 'aws-sdk', but the runtime's own copy loads more slowly, and AWS changes it.
  exclude: [],
  // Keeps no esbuild context for the next build: after a failed build it would keep the CLI from ending.
  skipRebuild: true,
  // `npm start` builds again when one of these changes.
  watch: { pattern: ['handlers/**/*.ts', 'lib/**/*.ts'] },
});
