/** The generated template before its judges: cfn-lint for what is wrong, checkov for what is unsafe. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireTools, tools } from '../../scripts/rehearsal/tools.ts';
import { packageService, requiredParameters } from '../infrastructure/support/packaged.ts';

const everything = {
  ...requiredParameters,
  scopes: 'meetings/join,openid',
  'livekit-url': 'wss://booky.livekit.cloud',
  'create-secret': 'true',
  'kms-key': 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  'permissions-boundary': 'arn:aws:iam::123456789012:policy/boundary',
  'reserved-concurrency': '20',
  tracing: 'true',
  'alarms-topic': 'arn:aws:sns:eu-central-1:123456789012:on-call',
  'notices-topic': 'arn:aws:sns:eu-central-1:123456789012:tomorrow',
  domain: 'meetings.booky.example',
  certificate: 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
};

test.each([
  ['with as little as may be', requiredParameters],
  ['with every parameter', everything],
])('%s', async (_, parameters) => {
  await requireTools();
  const { templateText } = await packageService('prod', parameters);
  expect(await lint(templateText)).toStrictEqual({ exitCode: 0, output: '' });
  const { exitCode, output } = await findUnsafe(templateText);
  expect(output).toContain('Failed checks: 0');
  expect(exitCode).toBe(0);
});

test('the pipeline’s role', async () => {
  const template = await readFile(new URL('../../deploy/deployer.yml', import.meta.url), 'utf8');
  expect(await lint(template)).toStrictEqual({ exitCode: 0, output: '' });
  const { output } = await findUnsafe(template);
  expect(output).toMatch(/Passed checks: [1-9]\d*, Failed checks: 0/);
});

test('a template with a fault does not pass', async () => {
  const { templateText } = await packageService('prod', requiredParameters);
  const faulty = await lint(templateText.replace('"AWS::Lambda::Function"', '"AWS::Lambda::Funktion"'));
  expect(faulty.output).toContain('E3006');
});

test('a template with something unsafe does not pass', async () => {
  const { templateText } = await packageService('prod', requiredParameters);
  const unsafe = await findUnsafe(
    templateText.replace('"BlockPublicAcls": true', '"BlockPublicAcls": false'),
  );
  expect(unsafe.exitCode).toBe(1);
  expect(unsafe.output).toContain('CKV_AWS_53');
});

test('one rule is ignored, with its reason', async () => {
  const { templateText } = await packageService('prod', requiredParameters);
  expect(JSON.parse(templateText)).toMatchObject({
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
async function judge(
  template: string,
  program: string,
  args: readonly string[],
): Promise<{ exitCode: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'booky-lint-'));
  const file = join(folder, 'template.json');
  await writeFile(file, template);
  try {
    return await new Promise((resolve) => {
      execFile(program, [...args, file], (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
