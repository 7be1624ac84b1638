// @ts-check
/**
 * How the build changes packages, so that a cold start loads only the code that a read of one secret on Lambda needs. If a package
 * moves what is replaced, the build fails and names it: look at what the package does now, then adapt the replacement or drop it.
 */
const { isBuiltin } = require('node:module');
const { join } = require('node:path');

/**
 * Takes Node's core modules from `process` instead of importing them. An ESM import of a core module reads all its exports, and so
 * loads those that are lazy: a whole HTTP client in `node:http`, `fs.promises` in `node:fs`.
 *
 * @type {import('esbuild').Plugin}
 */
const coreModules = {
  name: 'core modules from process',
  setup(build) {
    build.onResolve({ filter: /^[\w:/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.replace(/^node:/, '');
      // Dynamic imports stay unchanged: they may be needed later.
      if (kind === 'dynamic-import') return { path: `node:${name}`, external: true };
      return { path: name, namespace: 'core-module', sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace: 'core-module' }, ({ path }) => {
      const core = path === 'process' ? 'process' : `process.getBuiltinModule("node:${path}")`;
      // An object that inherits from the module, unless the module is a function: esbuild treats this as CommonJS and copies its
      // own properties, which would read all exports again.
      return {
        contents: `const core = ${core}; module.exports = typeof core === 'function' ? core : Object.create(core);`,
      };
    });
  },
};

/**
 * One import in a file of a package, which is replaced by a module of `replacements/`.
 *
 * @typedef {{ file: string, import: string, by: string }} Replacement
 */

/**
 * @param {readonly Replacement[]} replacements
 * @param {string} [entry] of the only build that is changed; without it, each is
 * @returns {import('esbuild').Plugin}
 */
function changePackages(replacements, entry) {
  return {
    name: 'changes in packages',
    setup(build) {
      const entries = [build.initialOptions.entryPoints].flat();
      if (entry && !entries.some((path) => String(path).endsWith(entry))) return;
      const unseen = new Set(replacements);
      build.onResolve({ filter: /./ }, ({ path, importer }) => {
        const file = importer.replaceAll('\\', '/').replace(/^.*\/node_modules\//, '');
        const replacement = replacements.find((one) => one.file === file && one.import === path);
        if (replacement === undefined) return undefined;
        unseen.delete(replacement);
        return { path: join(__dirname, 'replacements', replacement.by), sideEffects: false };
      });
      build.onEnd(({ errors }) => {
        // After an error the bundler has not read every file.
        if (errors.length > 0) return undefined;
        return {
          errors: [...unseen].map(({ file, import: name, by }) => ({
            text: `deploy/replacements/${by} no longer meets an import of ${name} in ${file}`,
          })),
        };
      });
    },
  };
}

const secretsManager = '@aws-sdk/client-secrets-manager/dist-es';
const smithy = '@smithy/core/dist-es/submodules';

/** @type {readonly Replacement[]} Each of the modules saves at least 1 % of a cold start. */
const replacements = [
  {
    file: `${secretsManager}/runtimeConfig.js`,
    import: '@aws-sdk/credential-provider-node',
    by: 'credentials-from-environment.ts',
  },
  {
    file: `${smithy}/config/index.js`,
    import: './node-config-provider/configLoader',
    by: 'settings-from-environment.ts',
  },
  {
    file: `${smithy}/config/defaults-mode/resolveDefaultsModeConfig.js`,
    import: '../node-config-provider/configLoader',
    by: 'settings-from-environment.ts',
  },
  {
    file: `${secretsManager}/runtimeConfig.shared.js`,
    import: '@aws-sdk/core/protocols',
    by: 'without-schemas.ts',
  },
  {
    file: `${secretsManager}/runtimeConfig.shared.js`,
    import: './schemas/schemas_0',
    by: 'without-schemas.ts',
  },
  {
    file: `${secretsManager}/commands/GetSecretValueCommand.js`,
    import: '../schemas/schemas_0',
    by: 'without-schemas.ts',
  },
  {
    file: `${smithy}/client/smithy-client/command.js`,
    import: './schemaLogFilter',
    by: 'without-schemas.ts',
  },
  {
    file: `${smithy}/client/smithy-client/command.js`,
    import: '@smithy/core/schema',
    by: 'without-schemas.ts',
  },
  {
    file: `${smithy}/protocols/HttpProtocol.js`,
    import: '@smithy/core/event-streams',
    by: 'no-event-streams.ts',
  },
  {
    file: `${smithy}/serde/util-stream/stream-collector.js`,
    import: './stream-type-check',
    by: 'no-web-streams.ts',
  },
];

module.exports = { changePackages, coreModules, replacements };
