/** `npm run release`, as the pipeline runs it and under its role: a version that answers wrongly does not stay. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyService, type ServiceCopy } from '../../deploy/service-copy.ts';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import type { MiniStack } from '../../scripts/rehearsal/ministack.ts';
import { describeStack } from '../../scripts/rehearsal/stack.ts';
import { createUserPool, type UserPool } from '../../scripts/rehearsal/user-pool.ts';
import { askForToken, type Cloud, secret, startCloud } from './support/cloud.ts';
import { assume, createDeployer, type Deployer, giveBack, takeAway } from './support/deployer.ts';
import { startTlsProxy, type TlsProxy } from './support/tls-proxy.ts';

const scripts = fileURLToPath(new URL('../../scripts/', import.meta.url));
const stage = 'prod';

let liveKit: LiveKit;
let cloud: Cloud;
let tlsProxy: TlsProxy;
let aws: MiniStack;
let deployer: Deployer;
let job: MiniStack;
let service: ServiceCopy;
let pool: UserPool;
let bearer: string;

beforeAll(async () => {
  const binary = await findLiveKit(process.env);
  if (binary === undefined) throw new Error(howToGetLiveKit);
  liveKit = await startLiveKit({
    binary,
    port: await freePort(),
    apiKey: secret.LIVEKIT_API_KEY,
    apiSecret: secret.LIVEKIT_API_SECRET,
  });
  cloud = await startCloud({ ...secret, LIVEKIT_WS_URL: liveKit.url });
  tlsProxy = await startTlsProxy(cloud.ministack.url);
  aws = {
    ...cloud.ministack,
    environment: { ...cloud.ministack.environment, AWS_ENDPOINT_URL: tlsProxy.url },
  };
  deployer = await createDeployer(aws, stage);
  job = await assume(aws, deployer);
  service = await copyService();
  pool = await createUserPool(cloud.aws, cloud.ministack.region);
  const reader = await pool.addReader('smoke', { name: 'Smoke', clubs: ['smoke'] });
  const signedIn = await run('sign-in.ts', [], {
    SIGN_IN_CLIENT_ID: pool.audience,
    SIGN_IN_USERNAME: reader.username,
    SIGN_IN_PASSWORD: reader.password,
  });
  bearer = signedIn.output.trim();
});

afterAll(async () => {
  await service?.remove();
  tlsProxy?.close();
  await cloud?.close();
  await liveKit?.close();
});

/** A script of ours in the service's folder, with a job's credentials. */
function run(
  script: string,
  args: readonly string[],
  variables: Record<string, string>,
): Promise<{ exitCode: number; output: string }> {
  const command = ['--import', import.meta.resolve('tsx'), join(scripts, script), ...args];
  const env = {
    ...job.environment,
    HOME: service.directory,
    TMPDIR: service.directory,
    CI: 'true',
    NODE_NO_WARNINGS: '1',
    SLS_AWS_MONITORING_FREQUENCY: '200',
    ...variables,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      command,
      { cwd: service.directory, env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** @param url where the deployment is on this machine */
async function release(url: string, changed: Record<string, string> = {}) {
  const parameters = Object.entries({
    issuer: pool.issuer,
    audience: pool.audience,
    origins: 'https://booky.example',
    'clubs-claim': 'cognito:groups',
    'permissions-boundary': deployer.permissionsBoundary,
    ...changed,
  }).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  return run('release.ts', ['--stage', stage, ...parameters, '--', '--url', url, '--club', 'smoke'], {
    BEARER_TOKEN: bearer,
  });
}

const deployed = () => describeStack(cloud.ministack, cloud.aws, stage);

async function answers() {
  const { status, body } = await askForToken(await deployed(), { bearer, club: 'smoke' });
  return { status, room: body['room_name'] };
}

const rightly = { status: 200, room: 'reading-club-smoke' };

test('a first version that fails has none before it: it stays, and the release fails', async () => {
  const nobodyThere = `http://127.0.0.1:${await freePort()}/`;
  const { exitCode, output } = await release(nobodyThere);
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('there is none before it to go back to'),
  });
  expect(await answers()).toEqual(rightly);
});

test('a good version stays', async () => {
  const { url } = await deployed();
  expect(await release(url)).toMatchObject({ exitCode: 0 });
  expect(await answers()).toEqual(rightly);
});

test('a version that answers wrongly is gone, and the one before answers again', async () => {
  const { url } = await deployed();
  const file = join(service.directory, 'lib/grants.ts');
  const good = await readFile(file, 'utf8');
  const bad = good.replaceAll('roomJoin: true', 'roomJoin: false');
  expect(bad).not.toBe(good);
  await writeFile(file, bad);
  const { exitCode, output } = await release(url);
  await writeFile(file, good);
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The version before is deployed again, and answers.'),
  });
  expect(await answers()).toEqual(rightly);
});

test('so are parameters that are wrong: back to the last version that was good, not to the last that was uploaded', async () => {
  const { url } = await deployed();
  const { exitCode, output } = await release(url, { 'clubs-claim': 'clubs' });
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The version before is deployed again, and answers.'),
  });
  expect(await answers()).toEqual(rightly);
});

test('where the version before fails as well, that is said', async () => {
  const { exitCode, output } = await release(`http://127.0.0.1:${await freePort()}/`);
  expect({ exitCode, output }).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('what is wrong is not the version'),
  });
});

test('a deployment that is refused fails the release, and leaves what is there', async () => {
  const { url } = await deployed();
  expect(await release(url, { origins: '*' })).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining("The parameter 'origins'"),
  });
  expect(await answers()).toEqual(rightly);
});

test('without cloudformation:GetTemplate the version before is unknown, and nothing is deployed', async () => {
  const { url } = await deployed();
  await takeAway(aws, deployer, 'cloudformation:GetTemplate');
  try {
    const { exitCode, output } = await release(url);
    expect(exitCode).toBe(1);
    expect(output).toContain('not authorized to perform: cloudformation:GetTemplate');
    expect(output).not.toContain('Deploying');
  } finally {
    await giveBack(aws, deployer);
  }
});

test.each([
  ['the stage', ['--', '--club', 'smoke'], { BEARER_TOKEN: 'x' }, '--stage is required'],
  ['the bearer', ['--stage', stage], {}, 'BEARER_TOKEN is missing'],
])('%s has to be there, or nothing is deployed', async (_, args, variables, message) => {
  const { exitCode, output } = await run('release.ts', args, variables);
  expect({ exitCode, output }).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
});

test('a test reader whose password is wrong gets no JWT', async () => {
  const { exitCode, output } = await run('sign-in.ts', [], {
    SIGN_IN_CLIENT_ID: pool.audience,
    SIGN_IN_USERNAME: 'smoke',
    SIGN_IN_PASSWORD: 'wrong',
  });
  expect({ exitCode, output }).toMatchObject({ exitCode: 1, output: expect.not.stringContaining('eyJ') });
  expect(await run('sign-in.ts', [], {})).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('SIGN_IN_CLIENT_ID is missing: it should be'),
  });
});
