// @ts-check
/**
 * What the build does to packages on their way into the bundle, so that a cold start loads what a read of one secret on
 * Lambda takes and no more. docs/performance.md tells what each step buys. A step that no longer finds what it changes fails
 * the build and says so: look at what the package does now, then adapt the step or drop it.
 */
const { readFile } = require('node:fs/promises');
const { isBuiltin } = require('node:module');

/**
 * Node's core modules, taken from `process` instead of imported. An ESM import of a core module reads every export of it, and
 * with that loads what hides behind its lazy ones: a whole HTTP client behind `node:http`, `fs.promises` behind `node:fs`.
 *
 * @type {import('esbuild').Plugin}
 */
const coreModules = {
  name: 'core modules from process',
  setup(build) {
    build.onResolve({ filter: /^[\w:/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.replace(/^node:/, '');
      // Those that may be needed later: as they are.
      if (kind === 'dynamic-import') return { path: `node:${name}`, external: true };
      return { path: name, namespace: 'core-module', sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace: 'core-module' }, ({ path }) => {
      const core = path === 'process' ? 'process' : `process.getBuiltinModule("node:${path}")`;
      // An object that inherits from the module: esbuild copies the own properties of what it takes for CommonJS, and would
      // read them all again.
      return { contents: `module.exports = Object.create(${core});` };
    });
  },
};

/**
 * One change of one file of a package.
 *
 * @typedef {{ file: string, find: string, replace: string }} Change
 */

/**
 * A step that replaces text in files of packages.
 *
 * @param {string} name
 * @param {readonly Change[]} changes
 * @returns {import('esbuild').Plugin}
 */
function changePackages(name, changes) {
  return {
    name,
    setup(build) {
      const unseen = new Set(changes);
      build.onStart(() => {
        for (const change of changes) unseen.add(change);
      });
      for (const file of new Set(changes.map((change) => change.file))) {
        const filter = new RegExp(
          `[\\\\/]node_modules[\\\\/]${file.split('/').map(escapeRegExp).join('[\\\\/]')}$`,
        );
        build.onLoad({ filter }, async ({ path }) => {
          let contents = await readFile(path, 'utf8');
          for (const change of changes.filter((candidate) => candidate.file === file)) {
            unseen.delete(change);
            const [before, ...after] = contents.split(change.find);
            if (after.length !== 1) {
              return {
                errors: [{ text: `the step "${name}" no longer finds \`${change.find}\` in ${file}` }],
              };
            }
            contents = `${before}${change.replace}${after[0]}`;
          }
          return { contents };
        });
      }
      build.onEnd(() => ({
        errors: [...unseen].map(({ file }) => ({ text: `the step "${name}" no longer meets ${file}` })),
      }));
    },
  };
}

/** @param {string} text */
function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const secretsManager = '@aws-sdk/client-secrets-manager/dist-es';
const smithy = '@smithy/core/dist-es/submodules';

/** In the order in which they were found to help. */
const steps = [
  coreModules,

  // Lambda hands a function its credentials in the environment, nowhere else.
  changePackages('credentials from the environment', [
    {
      file: `${secretsManager}/runtimeConfig.js`,
      find: 'import { defaultProvider as credentialDefaultProvider } from "@aws-sdk/credential-provider-node";',
      replace: 'import { fromEnv as credentialDefaultProvider } from "@aws-sdk/credential-provider-env";',
    },
  ]),

  // There is no home directory either, and so no ~/.aws to look for before the first read. A variable that is not set, or holds
  // what it should not, leaves the default, as before, but without an error thrown and caught for each of a dozen settings.
  changePackages('settings from the environment', [
    {
      file: `${smithy}/config/node-config-provider/configLoader.js`,
      find: 'chain(fromEnv(environmentVariableSelector, envOptions), fromSharedConfigFiles(configFileSelector, configuration), fromStatic(defaultValue))',
      replace: `async () => {
        try {
          const value = environmentVariableSelector(process.env, envOptions);
          if (value !== undefined) return value;
        } catch {}
        return fromStatic(defaultValue)();
      }`,
    },
  ]),

  // GetSecretValue is one JSON document each way, and no browser sends it.
  changePackages('no event streams, no parsing of browser names', [
    {
      file: `${smithy}/protocols/HttpProtocol.js`,
      find: 'await import("@smithy/core/event-streams")',
      replace: '(() => { throw new Error("event streams are not in this bundle") })()',
    },
    {
      file: '@aws-sdk/core/dist-es/submodules/client/util-user-agent-browser/createUserAgentStringParsingProvider.js',
      find: 'await import("bowser")',
      replace: '(() => { throw new Error("bowser is not in this bundle") })()',
    },
  ]),

  // Each of these would load a part of Node for one question to it: Web Crypto for a UUID, web streams to learn that a
  // response is none, and (an ESM import) all that hides in node:http for an endpoint without TLS.
  changePackages('no detours through what Node loads when asked', [
    {
      file: `${smithy}/serde/index.js`,
      find: 'import { getRandomValues } from "node:crypto";',
      replace: 'import { getRandomValues, randomUUID } from "node:crypto";',
    },
    {
      file: `${smithy}/serde/index.js`,
      find: 'export const v4 = bindV4(_getRandomValues);',
      replace: 'export const v4 = () => randomUUID();',
    },
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
  ]),

  // One enumeration, of which a token needs four names, brings the whole of protobuf.
  changePackages('LiveKit tokens without protobuf', [
    {
      file: 'livekit-server-sdk/dist/grants.js',
      find: 'import { TrackSource } from "@livekit/protocol";',
      replace: 'const TrackSource = { CAMERA: 1, MICROPHONE: 2, SCREEN_SHARE: 3, SCREEN_SHARE_AUDIO: 4 };',
    },
  ]),
];

module.exports = { changePackages, steps };
