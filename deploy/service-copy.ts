import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The files that `serverless` reads: a deployment needs nothing else of the repository. */
const serviceFiles = [
  'package.json',
  'tsconfig.json',
  'serverless.yml',
  'handlers',
  'lib',
  'client',
  'local',
  'stand-ins',
  'token-check',
  'deploy',
];

/** The options of a laptop, where all parameters have defaults. */
export const laptopOptions = ['--stage', 'dev', '--param', 'issuer=http://localhost:3001'] as const;

export type ServiceCopy = Awaited<ReturnType<typeof copyService>>;

/**
 * A private copy of the service, so that parallel runs of the CLI don't share `.esbuild` and `.serverless`. It is in a new temporary
 * folder; its `node_modules` is a link to the repository's.
 */
export async function copyService() {
  const directory = await mkdtemp(join(tmpdir(), 'booky-service-'));
  await Promise.all(
    serviceFiles.map((name) => cp(join(repository, name), join(directory, name), { recursive: true })),
  );
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'), 'dir');
  return {
    directory,
    serverless: (args: readonly string[], env?: NodeJS.ProcessEnv) => runCli(directory, args, env),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * Runs `serverless` with these arguments, without AWS credentials: callers that need credentials or an endpoint pass them in `env`.
 * Does not reject if the exit code is not 0.
 *
 * @returns as output the standard output, then standard error
 */
function runCli(directory: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cli = join(repository, 'node_modules', '.bin', 'serverless');
  const environment = {
    PATH: process.env.PATH,
    HOME: directory,
    // Temporary files of the CLI are removed with the copy.
    TMPDIR: directory,
    CI: 'true',
    // What it compiles of its own schemas takes it longer than all the rest, and is the same for each copy.
    SLS_SCHEMA_CACHE_BASE_DIR: join(repository, 'node_modules', '.cache'),
    SLS_TELEMETRY_DISABLED: '1',
    ...env,
  };
  return new Promise<{ exitCode: number; output: string }>((resolve) => {
    execFile(cli, args, { cwd: directory, env: environment, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ exitCode, output: stdout + stderr });
    });
  });
}
