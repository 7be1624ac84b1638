/** The pipeline's actions: the scripts from their files, the check's with a user pool and a deployment on loopback. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Faults, origin, startDeployment } from '../support/deployment.ts';
import { startAnswering } from '../support/livekit-answering.ts';
import { runProgram } from '../support/run-script.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const stepSchema = v.object({ name: v.optional(v.string()), run: v.optional(v.string(), '') });
const actionSchema = v.object({ runs: v.object({ steps: v.array(stepSchema) }) });

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'booky-pipeline-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Runs a step of an action as GitHub does. */
async function runStep(
  action: string,
  name: string | undefined,
  environment: Record<string, string>,
  programs = '',
) {
  const text = await readFile(join(repository, `.github/actions/${action}/action.yml`), 'utf8');
  const { run = '' } = v.parse(actionSchema, parse(text)).runs.steps.find((step) => step.name === name) ?? {};
  return runProgram('bash', ['-eo', 'pipefail', '-c', `${programs}\n${run}`], { environment });
}

/** @param report whether it is asked for one */
async function check(faults: Faults, { report = false, password = 'p' } = {}) {
  const folder = await createFolder();
  const answer = { server_url: await startAnswering({ status: 200, body: 'success' }), ...faults.answer };
  const target = await startDeployment({ ...faults, answer });
  const signedIn = JSON.stringify({ AuthenticationResult: { AccessToken: await target.bearer() } });
  const pool = await startAnswering({ status: 200, body: signedIn });
  const environment = {
    HOME: folder,
    AWS_ENDPOINT_URL: pool.replace('ws:', 'http:'),
    SIGN_IN_CLIENT_ID: 'smoke',
    SIGN_IN_USERNAME: 'smoke-reader',
    SIGN_IN_PASSWORD: password,
    SMOKE_CLUB: '123',
    SMOKE_ORIGIN: origin,
    URL: target.url,
    REPORT: report ? join(folder, 'report.json') : '',
  };
  const result = await runStep('check', undefined, environment);
  return { ...result, report: report ? await readFile(environment.REPORT, 'utf8') : '' };
}

test('a good deployment passes', async () => {
  expect(await check({})).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('Nothing is wrong.'),
  });
});

test('one that makes everybody a moderator, admits every club and sends no CORS headers does not', async () => {
  const bad: Faults = {
    answer: { role: 'moderator' },
    replies: { 'another club': { status: 200, body: {} }, preflight: { status: 204 } },
  };
  // With a report, that is for the next step to judge.
  const [{ exitCode, output }, reported] = await Promise.all([check(bad), check(bad, { report: true })]);
  expect(exitCode).toBe(1);
  expect(output).toMatch(/^✗ role +moderator/m);
  expect(output).toMatch(/^✗ another club +200/m);
  expect(output).toMatch(/^✗ CORS/m);
  expect(reported).toMatchObject({ exitCode: 0, report: expect.stringContaining('"not-right-role"') });
});

test('a sign-in that fails is no report', async () => {
  expect(await check({}, { report: true, password: '' })).toMatchObject({ exitCode: 1, report: '' });
});

/** A step of a release, with functions in place of programs; and what it tells the steps that follow. */
async function release(name: string, programs: string, variables: Record<string, string> = {}) {
  const folder = await createFolder();
  const GITHUB_OUTPUT = join(folder, 'output');
  await writeFile(GITHUB_OUTPUT, '');
  const environment = { RUNNER_TEMP: folder, GITHUB_OUTPUT, STAGE: 'prod', ...variables };
  const result = await runStep('release', name, environment, programs);
  return { ...result, told: await readFile(GITHUB_OUTPUT, 'utf8') };
}

test.each([
  ['a deployment', 'echo https://x', 0, 'url=https://x\n'],
  ['no stack', 'echo "Stack with id x does not exist" >&2; return 254', 0, 'url=\n'],
  ['what is left of a failed first deployment', 'echo None', 0, 'url=\n'],
  ['what can’t be read, which is no first deployment', 'echo "Rate exceeded" >&2; return 254', 1, ''],
])('what is in place before a release is %s', async (_what, aws, exitCode, told) => {
  const before = await release('Find what is in place', `aws() { ${aws}; }`);
  expect(before).toMatchObject({ exitCode, told });
  if (exitCode !== 0) expect(before.stderr).toContain('Rate exceeded');
});

test('a release tells which version is to be judged, and only that one is', async () => {
  const succeeds = 'npm() { printf "of the CLI\\nversion=V\\nurl=https://x\\n"; }';
  expect(await release('Deploy', succeeds)).toMatchObject({
    exitCode: 0,
    told: 'version=V\nurl=https://x\n',
  });
  expect(await release('Deploy', 'npm() { return 1; }')).toMatchObject({ exitCode: 1, told: '' });
  const judged = await release('Keep it, or go back', 'npm() { echo "$@"; }', { VERSION: 'V' });
  expect(judged.stdout).toMatch(/^run conclude -- --stage prod -- V \S+before\.json \S+after\.json$/m);
});
