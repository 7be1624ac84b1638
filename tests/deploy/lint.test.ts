/** The generated template before its judges: cfn-lint for what is wrong, checkov for what is unsafe. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { requireTools, tools } from '../../scripts/rehearsal/tools.ts';
import { choices, packageService, requiredParameters } from '../infrastructure/support/packaged.ts';
import { runProgram } from '../support/run-script.ts';

let required: string;
beforeAll(async () => {
  await requireTools();
  required = (await packageService('prod', requiredParameters)).templateText;
});

async function expectSound(template: string) {
  expect(await lint(template)).toMatchObject({ exitCode: 0, output: '' });
  const { output } = await findUnsafe(template);
  expect(output).toMatch(/Passed checks: [1-9]\d*, Failed checks: 0/);
}

test('with as little as may be', () => expectSound(required));

test('with every parameter', async () => {
  await expectSound((await packageService('prod', choices)).templateText);
});

test('the pipeline’s role', async () => {
  await expectSound(await readFile(new URL('../../deploy/deployer.yml', import.meta.url), 'utf8'));
});

test('a template with a fault does not pass', async () => {
  const { output } = await lint(required.replace('"AWS::Lambda::Function"', '"AWS::Lambda::Funktion"'));
  expect(output).toContain('E3006');
});

test('a template with something unsafe does not pass', async () => {
  const unsafe = await findUnsafe(required.replace('"BlockPublicAcls": true', '"BlockPublicAcls": false'));
  expect(unsafe.exitCode).toBe(1);
  expect(unsafe.output).toContain('CKV_AWS_53');
});

test('one rule is ignored, with its reason', async () => {
  expect(JSON.parse(required)).toMatchObject({
    Metadata: { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } },
  });
  const service = await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8');
  expect(service).toMatch(/ignore_checks:\n +# \S.*\n +- W3005\n/);
});

const lint = (template: string) => judge(template, tools.cfnLint, ['--regions', 'eu-central-1', '--']);

/** Without a network: its own rules alone. A rule that is suppressed has its reason in deploy/checkov.yml. */
const findUnsafe = (template: string) =>
  judge(template, tools.checkov, [
    '--skip-download',
    '--quiet',
    '--compact',
    '--framework',
    'cloudformation',
    '--file',
  ]);

/** Runs a program on a template, whose path comes last. */
async function judge(template: string, program: string, args: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'booky-lint-'));
  const file = join(folder, 'template.json');
  await writeFile(file, template);
  try {
    return await runProgram(program, [...args, file], { environment: { HOME: folder } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
