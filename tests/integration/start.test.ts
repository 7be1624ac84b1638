/** `npm start` itself, as in a terminal. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyService, laptopOptions, type ServiceCopy } from '../../deploy/service-copy.ts';
import { freePort, isPortFree } from '../../local/ports.ts';
import { signalGroup } from '../../local/server-process.ts';
import { memberGrants } from '../../stand-ins/lambda/event.ts';
import { requestAs } from '../support/request-as.ts';

let service: ServiceCopy;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  service = await copyService();
});
afterEach(async () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
  await service.remove();
});

/** Runs a command in the copy, in a process group of its own. */
function run(command: string, args: string[], environment: Record<string, string>, cwd = service.directory) {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      // Nobody's; the CLI keeps its compiled schemas in it.
      HOME: join(service.directory, 'node_modules/.cache'),
      npm_config_update_notifier: 'false',
      // For what a test does not place itself.
      ...{ PORT: '0', ISSUER_PORT: '0', PAGE_PORT: '0' },
      ...environment,
    },
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  /** When everything that writes to its output has ended. */
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    return { exitCode: child.exitCode, output };
  });
  /** Its line when it is ready. Rejects, with all output, if it ends without. */
  const ready = () =>
    new Promise<string>((resolve, reject) => {
      child.stdout.on('data', () => {
        const line = /^Ready.*(?=\n)/m.exec(output)?.[0];
        if (line !== undefined) resolve(line);
      });
      ended.then(() => reject(new Error(`it ended without the line:\n${output}`)));
    });
  return { child, ended, ready };
}

const npmStart = (environment: Record<string, string>, folder?: string) =>
  run('npm', ['start'], environment, folder);

/** Makes the copy a package of a workspace, whose `node_modules` is two folders further up; returns the package's folder. */
async function intoWorkspace(): Promise<string> {
  const folder = join(service.directory, 'packages/token');
  const names = (await readdir(service.directory)).filter((name) => name !== 'node_modules');
  await mkdir(folder, { recursive: true });
  for (const name of names) await rename(join(service.directory, name), join(folder, name));
  return folder;
}

/** Without npm, which would print its own lines too. */
const start = (environment: Record<string, string>) =>
  run(process.execPath, ['--import', 'tsx', 'local/start.ts'], environment);

const curlForThoseWithout = fileURLToPath(new URL('../support/bin', import.meta.url));

/** Pastes into a shell what the line says to try. */
async function pasteCurl(readyLine: string): Promise<unknown> {
  const command = readyLine.slice(readyLine.indexOf('curl '));
  const PATH = `${process.env.PATH}:${curlForThoseWithout}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { env: { PATH } });
  return JSON.parse(stdout);
}

const answerSchema = v.object({ token: v.string(), server_url: v.string() });

/** The ports of the line: the API's, the issuer's and the meeting page's. */
function portsIn(readyLine: string): number[] {
  const ports = [...readyLine.matchAll(/ http:\/\/localhost:(\d+)[,. ]/g)].map(([, port]) => Number(port));
  expect(ports).toHaveLength(3);
  return ports;
}

/** Nothing answers any more at the addresses of the line. */
async function expectPortsFree(readyLine: string) {
  const ports = portsIn(readyLine);
  for (const port of ports) expect({ port, isFree: await isPortFree(port) }).toEqual({ port, isFree: true });
}

describe('npm start', () => {
  it('says when it is ready and what to paste; that works; and Ctrl-C leaves nothing behind', async () => {
    const ports = { PORT: await freePort(), ISSUER_PORT: await freePort() };
    const app = npmStart({ PORT: String(ports.PORT), ISSUER_PORT: String(ports.ISSUER_PORT) });
    const ready = await app.ready();
    expect(ready).toContain(`API http://localhost:${ports.PORT}`);
    expect(ready).toContain(`issuer http://localhost:${ports.ISSUER_PORT}`);

    const answer = v.parse(answerSchema, await pasteCurl(ready));
    expect(answer.server_url).toBe('ws://localhost:7880');
    const claims = await new TokenVerifier('devkey', 'secret').verify(answer.token);
    expect(claims).toMatchObject({ iss: 'devkey', sub: 'user-001', name: 'Ana' });
    expect(claims.video).toEqual(memberGrants);

    for (const port of portsIn(ready)) {
      const url = `http://localhost:${port}/`;
      expect((await requestAs('evil.example', url)).status, `${url} as evil.example`).toBe(421);
      expect((await requestAs(`localhost:${port}`, url)).status, url).not.toBe(421);
    }

    // As Ctrl-C at a terminal does.
    signalGroup(app.child, 'SIGINT');
    const { output } = await app.ended;
    expect(output.match(/Ready/g)).toHaveLength(1);
    expect(output).toContain('"status":200');
    await expectPortsFree(ready);
  });

  it('in a workspace reads params and .env, but the shell wins; uses no AWS credentials of the shell; and ends by SIGTERM', async () => {
    const folder = await intoWorkspace();
    await writeFile(
      join(folder, '.env'),
      [
        '# A project in the cloud',
        'LIVEKIT_API_KEY=APIfromDotEnv',
        'LIVEKIT_API_SECRET="thirty-two-characters-or-more-it-is"',
        'LIVEKIT_WS_URL=wss://overridden.livekit.cloud',
        'CLUBS_CLAIM=https://booky.example/clubs',
        'TOKEN_TTL_SECONDS=120',
        'ORIGINS=http://localhost:4173,http://127.0.0.1:5173',
        'SIGN_IN_JWT=access',
        'IDENTITY_CLAIM=uid',
      ].join('\n'),
    );
    await appendFile(join(folder, 'serverless.yml'), "\nparams: { default: { clubs-prefix: 'club:' } }\n");
    const settings = {
      LIVEKIT_WS_URL: 'wss://booky.livekit.cloud',
      AWS_ACCESS_KEY_ID: 'AKIAREALREALREALREAL',
      AWS_SECRET_ACCESS_KEY: 'real',
      AWS_SESSION_TOKEN: 'real',
      AWS_PROFILE: 'real',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_REGION: 'ap-southeast-2',
      AUTHORIZER: '{"jwt":{"claims":{"sub":"admin"}}}',
    };
    const app = npmStart(settings, folder);
    const ready = await app.ready();
    const answer = v.parse(answerSchema, await pasteCurl(ready));
    expect(answer.server_url).toBe('wss://booky.livekit.cloud');
    const verifier = new TokenVerifier('APIfromDotEnv', 'thirty-two-characters-or-more-it-is');
    const { nbf = 0, exp = 0, sub, name } = await verifier.verify(answer.token);
    // An access token has no name: the reader's id stands in for it.
    expect({ sub, name, lifetime: exp - nbf }).toEqual({ sub: 'user-001', name: 'user-001', lifetime: 120 });
    const [port] = portsIn(ready);
    const url = `http://localhost:${port}/api/reading-clubs/meetings/token`;
    const preflight = { origin: 'http://127.0.0.1:5173', 'access-control-request-method': 'POST' };
    const { headers } = await fetch(url, { method: 'OPTIONS', headers: preflight });
    expect(headers.get('access-control-allow-origin')).toBe(preflight.origin);

    app.child.kill('SIGTERM');
    await app.ended;
    await expectPortsFree(ready);
  });
});

describe('with a fault for a front end to see, the endpoint answers', () => {
  it.each([
    ['503', { code: 'credentials_unavailable' }],
    ['429', { message: 'Too Many Requests' }],
    ['expired', { message: 'Unauthorized' }],
  ])('FAULT=%s', async (FAULT, answer) => {
    const app = start({ FAULT });
    expect(await pasteCurl(await app.ready())).toMatchObject(answer);
    app.child.kill('SIGTERM');
    await app.ended;
  });
});

describe('the last line says why it did not start', () => {
  it('a port in use', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '::1');
    await once(other, 'listening');
    const { exitCode, output } = await start({ PAGE_PORT: String(port) }).ended;
    other.close();
    expect(output).toMatch(new RegExp(`^Port ${port} is in use: .*\\bPAGE_PORT\\b.*\n$`));
    expect(exitCode).toBe(1);
  });

  it('a variable with an invalid value', async () => {
    const { exitCode, output } = await start({ PORT: 'three thousand' }).ended;
    expect(output).toMatch(/^PORT is "three thousand": .*\n$/);
    expect(exitCode).toBe(1);
  });

  it('a function that gives no token, after its own log', async () => {
    const { exitCode, output } = await start({ CREDENTIALS_TIMEOUT_MS: '5' }).ended;
    expect(output).toMatch(/"level":"ERROR".*CREDENTIALS_TIMEOUT_MS is \\"5\\"/);
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/500 .*token_generation_failed/);
    expect(output).not.toContain('Ready');
    expect(exitCode).toBe(1);
  });

  it('a build that fails, after what is wrong with it', async () => {
    await appendFile(join(service.directory, 'lib/token.ts'), '\nthis is no code(');
    const { exitCode, output } = await start({}).ended;
    expect(output).toContain('lib/token.ts');
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/API did not start/);
    expect(exitCode).toBe(1);
  });
});

it('serverless-offline by hand, without an issuer to verify with, does not start', async () => {
  const cli = ['node_modules/serverless/bin/serverless.js', 'offline', ...laptopOptions];
  const ports = ['--httpPort', String(await freePort()), '--lambdaPort', String(await freePort())];
  const { exitCode, output } = await run(process.execPath, [...cli, ...ports], {}).ended;
  expect(output).toMatch(/AUTHORIZER_ISSUER is not set.*npm start/);
  expect(exitCode).toBe(1);
});
