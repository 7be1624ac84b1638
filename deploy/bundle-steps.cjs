// @ts-check
/**
 * How the build changes packages, so that a cold start loads only the code that a read of one secret on Lambda needs.
 * docs/performance.md shows what each step saves. If a step no longer finds the code that it changes, the build fails and names
 * the step: look at what the package does now, then adapt the step or drop it.
 */
const { readFile } = require('node:fs/promises');
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
 * One change to the text of a file of a package: for a few lines within a larger file.
 *
 * @typedef {{ file: string, find: string, replace: string }} Change
 */

/**
 * All changes for one reason.
 *
 * @typedef {{ name: string, replacements?: readonly Replacement[], changes?: readonly Change[] }} Step
 */

/**
 * Applies all these steps; several of them may change the same file, in their order.
 *
 * @param {readonly Step[]} steps
 * @returns {import('esbuild').Plugin}
 */
function changePackages(steps) {
  const replacements = steps.flatMap(({ name, replacements = [] }) =>
    replacements.map((replacement) => ({ name, ...replacement })),
  );
  const changes = steps.flatMap(({ name, changes = [] }) => changes.map((change) => ({ name, ...change })));
  return {
    name: 'changes in packages',
    setup(build) {
      const unseen = new Set();
      build.onStart(() => {
        for (const step of [...replacements, ...changes]) unseen.add(step);
      });

      for (const replacement of replacements) {
        const { file, by } = replacement;
        const importer = pathOf(file);
        build.onResolve({ filter: exactly(replacement.import) }, (args) => {
          if (!importer.test(args.importer)) return undefined;
          unseen.delete(replacement);
          return { path: join(__dirname, 'replacements', by), sideEffects: false };
        });
      }

      for (const file of new Set(changes.map((change) => change.file))) {
        build.onLoad({ filter: pathOf(file) }, async ({ path }) => {
          let contents = await readFile(path, 'utf8');
          const errors = [];
          for (const change of changes.filter((candidate) => candidate.file === file)) {
            const { name, find, replace } = change;
            unseen.delete(change);
            const [before, ...after] = contents.split(find);
            if (after.length === 1) contents = `${before}${replace}${after[0]}`;
            else errors.push({ text: `the step "${name}" no longer finds \`${find}\` in ${file}` });
          }
          return { contents, errors };
        });
      }

      build.onEnd((result) => {
        // After an error the bundler has not read every file.
        if (result.errors.length > 0) return undefined;
        const errors = [...unseen].map((step) => {
          const missing = 'import' in step ? `an import of ${step.import} in ${step.file}` : step.file;
          return { text: `the step "${step.name}" no longer meets ${missing}` };
        });
        return { errors };
      });
    },
  };
}

/**
 * The plugin, in the build of this one entry point.
 *
 * @param {string} entry
 * @param {import('esbuild').Plugin} plugin
 * @returns {import('esbuild').Plugin}
 */
function only(entry, { name, setup }) {
  return {
    name,
    setup: (build) => {
      const { entryPoints } = build.initialOptions;
      return Array.isArray(entryPoints) && entryPoints.some((path) => String(path).endsWith(entry))
        ? setup(build)
        : undefined;
    },
  };
}

/**
 * Matches the path of this file of a package.
 *
 * @param {string} file
 */
function pathOf(file) {
  return new RegExp(`[\\\\/]node_modules[\\\\/]${file.split('/').map(escapeRegExp).join('[\\\\/]')}$`);
}

/**
 * Matches this text alone.
 *
 * @param {string} text
 */
function exactly(text) {
  return new RegExp(`^${escapeRegExp(text)}$`);
}

/** @param {string} text */
function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const secretsManager = '@aws-sdk/client-secrets-manager/dist-es';
const smithy = '@smithy/core/dist-es/submodules';

/** @type {readonly Step[]} In the order in which they were found to help. */
const steps = [
  {
    name: 'credentials from the environment',
    replacements: [
      {
        file: `${secretsManager}/runtimeConfig.js`,
        import: '@aws-sdk/credential-provider-node',
        by: 'credentials-from-environment.ts',
      },
    ],
  },
  {
    name: 'settings from the environment',
    replacements: [
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
    ],
    // On Lambda there is no EC2 instance to ask for a region.
    changes: [
      {
        file: `${smithy}/config/defaults-mode/resolveDefaultsModeConfig.js`,
        find: 'return getInstanceMetadataRegion();',
        replace: 'return undefined;',
      },
      {
        file: `${smithy}/config/config-resolver/regionConfig/config.js`,
        find: 'await getInstanceMetadataRegion()',
        replace: 'undefined',
      },
    ],
  },
  {
    // Together these are half of the code that would be evaluated at the start.
    name: 'one operation without schemas',
    replacements: [
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
    ],
    changes: [
      {
        file: `${smithy}/client/smithy-client/command.js`,
        find: 'Boolean(NormalizedSchema.of(input$).getEventStreamMember() || NormalizedSchema.of(output$).getEventStreamMember())',
        replace: 'false',
      },
    ],
  },
  {
    // GetSecretValue is one JSON document each way, and Node has hash functions. The client has no extensions and no logger, and
    // needs only the version of its package.json.
    name: 'nothing that one read never uses',
    replacements: [
      {
        file: `${smithy}/protocols/HttpProtocol.js`,
        import: '@smithy/core/event-streams',
        by: 'no-event-streams.ts',
      },
      {
        file: '@smithy/signature-v4/dist-es/SignatureV4.js',
        import: './HeaderFormatter',
        by: 'no-header-formatter.ts',
      },
    ],
    changes: [
      {
        file: `${smithy}/checksum/sha256/Sha256Node.js`,
        find: 'const hasNativeCrypto = (() => {',
        replace: 'const hasNativeCrypto = /* @__PURE__ */ (() => {',
      },
      {
        file: `${smithy}/checksum/sha256/Sha256Node.js`,
        find: 'hasNativeCrypto ? buildNativeClass() : Sha256Js',
        replace: 'buildNativeClass()',
      },
      {
        file: `${secretsManager}/SecretsManagerClient.js`,
        find: 'this.middlewareStack.use(getLoggerPlugin(this.config));',
        replace: '',
      },
      {
        file: `${secretsManager}/SecretsManagerClient.js`,
        find: 'resolveRuntimeExtensions(_config_7, configuration?.extensions || [])',
        replace: '_config_7',
      },
      {
        file: `${secretsManager}/runtimeConfig.js`,
        find: 'import packageInfo from "../package.json";',
        replace: 'import { version } from "../package.json"; const packageInfo = { version };',
      },
    ],
  },
  {
    // Each of these would load a part of Node for one small result: Web Crypto for a UUID, web streams to learn that a response is
    // none. For an endpoint without TLS, as on a laptop, an ESM import would load all lazy exports of node:http. And hexadecimal is
    // written by hand, though Node has it.
    name: 'no detours around what Node has at hand',
    replacements: [
      {
        file: `${smithy}/serde/index.js`,
        import: './util-hex-encoding/hex-encoding',
        by: 'hex-encoding.ts',
      },
      { file: `${smithy}/serde/index.js`, import: './uuid/v4', by: 'random-uuid.ts' },
    ],
    changes: [
      {
        file: `${smithy}/serde/util-stream/stream-type-check.js`,
        find: `typeof ReadableStream === "function" &&
    (stream?.constructor?.name === ReadableStream.name || stream instanceof ReadableStream);`,
        replace: 'stream?.constructor?.name === "ReadableStream";',
      },
      {
        file: '@smithy/node-http-handler/dist-es/node-http-handler.js',
        find: 'await import("node:http")',
        replace: 'process.getBuiltinModule("node:http")',
      },
    ],
  },
  {
    name: 'LiveKit tokens without protobuf',
    replacements: [
      { file: 'livekit-server-sdk/dist/grants.js', import: '@livekit/protocol', by: 'track-source.ts' },
    ],
  },
];

module.exports = { changePackages, coreModules, only, steps };
