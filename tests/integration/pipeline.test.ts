/** The pipeline's check, as its action runs it: the script from the file, with a user pool and a deployment on loopback. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
const actionSchema = v.object({ runs: v.object({ steps: v.tuple([v.object({ run: v.string() })]) }) });

/** @param report whether it is asked for one */
async function check(faults: Faults, { report = false, password = 'p' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'booky-pipeline-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const answer = { server_url: await startAnswering({ status: 200, body: 'success' }), ...faults.answer };
  const target = await startDeployment({ ...faults, answer });
  const signedIn = JSON.stringify({ AuthenticationResult: { AccessToken: await target.bearer() } });
  const pool = await startAnswering({ status: 200, body: signedIn });
  const action = await readFile(join(repository, '.github/actions/check/action.yml'), 'utf8');
  const [{ run }] = v.parse(actionSchema, parse(action)).runs.steps;
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
  const result = await runProgram('bash', ['-eo', 'pipefail', '-c', run], { environment });
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
