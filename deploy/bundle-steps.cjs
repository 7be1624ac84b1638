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
      // An object that inherits from the module, unless that is a function: esbuild copies the own properties of what it takes
      // for CommonJS, and would read them all again.
      return {
        contents: `const core = ${core}; module.exports = typeof core === 'function' ? core : Object.create(core);`,
      };
    });
  },
};

/**
 * One change of one file of a package.
 *
 * @typedef {{ file: string, find: string, replace: string }} Change
 */

/**
 * Changes that belong together, for one reason.
 *
 * @typedef {{ name: string, changes: readonly Change[] }} Step
 */

/**
 * Makes the changes of all these steps; several of them may change the same file, in their order.
 *
 * @param {readonly Step[]} steps
 * @returns {import('esbuild').Plugin}
 */
function changePackages(steps) {
  const all = steps.flatMap(({ name, changes }) => changes.map((change) => ({ name, ...change })));
  return {
    name: 'changes in packages',
    setup(build) {
      const unseen = new Set();
      build.onStart(() => {
        for (const change of all) unseen.add(change);
      });
      for (const file of new Set(all.map((change) => change.file))) {
        const filter = new RegExp(
          `[\\\\/]node_modules[\\\\/]${file.split('/').map(escapeRegExp).join('[\\\\/]')}$`,
        );
        build.onLoad({ filter }, async ({ path }) => {
          let contents = await readFile(path, 'utf8');
          const errors = [];
          for (const change of all.filter((candidate) => candidate.file === file)) {
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
        // After an error the bundler has not looked at every file.
        if (result.errors.length > 0) return undefined;
        const errors = [...unseen].map(({ name, file }) => ({
          text: `the step "${name}" no longer meets ${file}`,
        }));
        return { errors };
      });
    },
  };
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
    // Lambda hands a function its credentials in the environment, nowhere else.
    name: 'credentials from the environment',
    changes: [
      {
        file: `${secretsManager}/runtimeConfig.js`,
        find: 'import { defaultProvider as credentialDefaultProvider } from "@aws-sdk/credential-provider-node";',
        replace: 'import { fromEnv as credentialDefaultProvider } from "@aws-sdk/credential-provider-env";',
      },
    ],
  },
  {
    // There is no home directory either, and so no ~/.aws to look for before the first read, and no EC2 to ask for a region. A
    // variable that is not set, or holds what it should not, leaves the default, as before, but without an error thrown and
    // caught for each of a dozen.
    name: 'settings from the environment',
    changes: [
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
    // lib/secret/get-secret-value-protocol.ts reads and writes what the schemas of the whole service describe. They, the classes of
    // its errors and the protocols that work with them would still be in the bundle, and half of it evaluated at the start.
    name: 'one operation without schemas',
    changes: [
      {
        file: `${secretsManager}/runtimeConfig.shared.js`,
        find: 'import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols";',
        replace: 'const AwsJson1_1Protocol = undefined;',
      },
      {
        file: `${secretsManager}/runtimeConfig.shared.js`,
        find: 'import { errorTypeRegistries } from "./schemas/schemas_0";',
        replace: 'const errorTypeRegistries = [];',
      },
      {
        file: `${secretsManager}/commands/GetSecretValueCommand.js`,
        find: 'import { GetSecretValue$ } from "../schemas/schemas_0";',
        replace:
          'const GetSecretValue$ = [9, "com.amazonaws.secretsmanager", "GetSecretValue", 0, "unit", "unit"];',
      },
      {
        file: `${smithy}/client/smithy-client/command.js`,
        find: 'Boolean(NormalizedSchema.of(input$).getEventStreamMember() || NormalizedSchema.of(output$).getEventStreamMember())',
        replace: 'false',
      },
      {
        // Only the logger that is left out below would call it; here it keeps the schemas out.
        file: `${smithy}/client/smithy-client/command.js`,
        find: 'import { schemaLogFilter } from "./schemaLogFilter";',
        replace: 'const schemaLogFilter = () => "not shown";',
      },
    ],
  },
  {
    // GetSecretValue is one JSON document each way, no browser sends it, and Node can hash. Nothing extends the client or logs for
    // it, and of its package.json it needs the version alone.
    name: 'nothing that one read never uses',
    changes: [
      {
        file: `${smithy}/protocols/HttpProtocol.js`,
        find: 'await import("@smithy/core/event-streams")',
        replace: '(() => { throw new Error("event streams are not in this bundle") })()',
      },
      {
        file: '@smithy/signature-v4/dist-es/SignatureV4.js',
        find: 'import { HeaderFormatter } from "./HeaderFormatter";',
        replace: 'class HeaderFormatter {}',
      },
      {
        file: '@aws-sdk/core/dist-es/submodules/client/util-user-agent-browser/createUserAgentStringParsingProvider.js',
        find: 'await import("bowser")',
        replace: '(() => { throw new Error("bowser is not in this bundle") })()',
      },
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
    // Each of these would load a part of Node for one question to it (Web Crypto for a UUID, web streams to learn that a response
    // is none; and by an ESM import, where the endpoint has no TLS, as on a laptop, all that hides in node:http), or do by hand
    // what Node has at hand (hexadecimal).
    name: 'no detours around what Node has at hand',
    changes: [
      {
        file: `${smithy}/serde/index.js`,
        find: 'export { fromHex, toHex } from "./util-hex-encoding/hex-encoding";',
        replace: `export { fromHex } from "./util-hex-encoding/hex-encoding";
export const toHex = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");`,
      },
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
    ],
  },
  {
    // One enumeration, of which a token needs four names, brings the whole of protobuf.
    name: 'LiveKit tokens without protobuf',
    changes: [
      {
        file: 'livekit-server-sdk/dist/grants.js',
        find: 'import { TrackSource } from "@livekit/protocol";',
        replace: 'const TrackSource = { CAMERA: 1, MICROPHONE: 2, SCREEN_SHARE: 3, SCREEN_SHARE_AUDIO: 4 };',
      },
    ],
  },
];

module.exports = { changePackages, coreModules, steps };
