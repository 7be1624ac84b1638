/** `npm run release`, as the pipeline runs it and under its role: a version that answers wrongly does not stay. */
import { expect, test } from 'vitest';
import { asArguments, describeStack } from '../../scripts/rehearsal/service.ts';
import { runScript } from '../support/run-script.ts';
import { askForToken, stage, startCloud, withEdit } from './support/cloud.ts';
import { assume, createDeployer } from './support/deployer.ts';
import { throughTls } from './support/tls-proxy.ts';

const cloud = await startCloud();
const { aws } = await throughTls(cloud);
const deployer = await createDeployer(aws, stage);
const job = await assume(aws, deployer);
const { directory } = cloud.service;
const reader = await cloud.pool.addReader('smoke', { name: 'Smoke', clubs: ['smoke'] });
const signIn = (password: string) =>
  run('sign-in.ts', [], {
    SIGN_IN_CLIENT_ID: cloud.pool.audience,
    SIGN_IN_USERNAME: reader.username,
    SIGN_IN_PASSWORD: password,
  });
const bearer = (await signIn(reader.password)).output.trim();

/** A script of ours in the service's folder, with a job's credentials. */
function run(script: string, args: readonly string[], variables: Record<string, string>) {
  const environment = {
    ...job.environment,
    HOME: directory,
    TMPDIR: directory,
    CI: 'true',
    NODE_NO_WARNINGS: '1',
    SLS_AWS_MONITORING_FREQUENCY: '200',
    ...variables,
  };
  return runScript(`scripts/${script}`, args, { directory, environment });
}

const stageWith = (changed: Record<string, string> = {}) => [
  '--stage',
  stage,
  ...asArguments({ ...cloud.parameters, ...deployer.roles, ...changed }),
];

/** @param checks where the deployment is on this machine, if it is to be checked there */
const release = (checks: readonly string[], changed: Record<string, string> = {}) =>
  run('release.ts', ['release', ...stageWith(changed), ...checks], { BEARER_TOKEN: bearer });

const deployed = () => describeStack(cloud, stage);

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
  const barred = ['roomJoin: true', 'roomJoin: false'] as const;
  expect(await withEdit(cloud.service, 'lib/grants.ts', ...barred, () => release(checks))).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('The new version is not in place. In place is the version of'),
  });
  expect(await answers()).toEqual(rightly);

  // The same again: after all this the next deployment deploys what is in the working directory.
  expect(await release(checks)).toMatchObject({ exitCode: 0 });
  const back = await run('release.ts', ['go-back', ...stageWith()], {});
  expect(back).toMatchObject({ exitCode: 0, output: expect.stringContaining('Gone back.') });
  expect(await answers()).toEqual(rightly);
});

test('a test reader whose password is wrong gets no JWT', async () => {
  const { exitCode, output } = await signIn('wrong');
  expect({ exitCode, output }).toMatchObject({ exitCode: 1, output: expect.not.stringContaining('eyJ') });
  expect(await run('sign-in.ts', [], {})).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('SIGN_IN_CLIENT_ID is missing: it should be'),
  });
});
