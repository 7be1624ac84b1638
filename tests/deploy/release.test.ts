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

/** @param checks where the deployment is on this machine, if it is to be checked there */
async function release(checks: readonly string[], changed: Record<string, string> = {}) {
  return run('release.ts', ['--stage', stage, ...parameters(changed), ...checks], { BEARER_TOKEN: bearer });
}

const parameters = (changed: Record<string, string> = {}) =>
  Object.entries({
    issuer: pool.issuer,
    audience: pool.audience,
    origins: 'https://booky.example',
    'clubs-claim': 'cognito:groups',
    ...deployer.roles,
    ...changed,
  }).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

const deployed = () => describeStack(cloud.ministack, cloud.aws, stage);

async function answers() {
  const { status, body } = await askForToken(await deployed(), { bearer, club: 'smoke' });
  return { status, room: body['room_name'] };
}

const rightly = { status: 200, room: 'reading-club-smoke' };

test('a version that passes is kept, and from worse ones the release goes back to it', async () => {
  expect(await release([])).toMatchObject({ exitCode: 0 });
  const { url } = await deployed();
  const checks = ['--', '--url', url, '--club', 'smoke', '--role', 'member'];
  expect(await release(checks)).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('The new version is in place, and passes its checks.'),
  });

  // What no version holds: the authorizer.
  const stranger = await release(checks, { audience: 'somebody-else' });
  expect(stranger).toMatchObject({
    exitCode: 1,
    output: expect.stringMatching(
      /fails its checks: sign-in 401[\s\S]*Gone back\. In place is the version of/,
    ),
  });
  expect(await answers()).toEqual(rightly);

  // What CloudFormation refuses by itself.
  const file = join(service.directory, 'lib/grants.ts');
  const good = await readFile(file, 'utf8');
  const bad = good.replaceAll('roomJoin: true', 'roomJoin: false');
  expect(bad).not.toBe(good);
  await writeFile(file, bad);
  const refused = await release(checks);
  await writeFile(file, good);
  expect(refused).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The new version is not in place. In place is the version of'),
  });
  expect(await answers()).toEqual(rightly);

  // The same again: after all this the next deployment deploys what is in the working directory.
  expect(await release(checks)).toMatchObject({ exitCode: 0 });
  const back = await run('go-back.ts', ['--stage', stage, ...parameters()], {});
  expect(back).toMatchObject({ exitCode: 0, output: expect.stringContaining('Gone back.') });
  expect(await answers()).toEqual(rightly);
});

test('without cloudformation:GetTemplate the version before is unknown, and nothing is deployed', async () => {
  await takeAway(aws, deployer, 'cloudformation:GetTemplate');
  try {
    const { exitCode, output } = await release([]);
    expect(exitCode).toBe(2);
    expect(output).toContain('not authorized to perform: cloudformation:GetTemplate');
    expect(output).not.toContain('Deploying');
  } finally {
    await giveBack(aws, deployer);
  }
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
