/** The pages on operations, the pipeline and alarms, from top to bottom: every command, as it stands there. The removal comes last. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../support/run-script.ts';
import { secretName, startCloud } from './support/cloud.ts';

const readPage = (name: string) => readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
const repository = fileURLToPath(new URL('../..', import.meta.url));

const cloud = await startCloud();
const { aws, pool, secret: project } = cloud;
const { directory } = cloud.service;
// A deployment has no use of them, so they are not in the copy.
await symlink(join(repository, 'scripts'), join(directory, 'scripts'), 'dir');
// The pages create it.
await aws('secretsmanager delete-secret', { 'secret-id': secretName, 'force-delete-without-recovery': [] });

/** The pages' blocks in one language, in their order. */
const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block ?? '');

test('the pages work, command by command', async () => {
  const access = await cloud.signIn('ana', ['123']);

  const [operations = '', removal = ''] = (await readPage('operations')).split(/^(?=## Removal$)/m);
  const text = [operations, await readPage('pipeline'), await readPage('alarms'), removal].join('\n');
  const [settings, ...commands] = blocksOf(text, 'sh');
  const [secret] = blocksOf(text, 'json');
  const adapted = (settings ?? '')
    .replace(/issuer=[^"]*/, `issuer=${pool.issuer}`)
    .replace('your-client-id', pool.audience);
  expect(adapted).toContain(`issuer=${pool.issuer}`);
  expect(adapted).toContain(`audience=${pool.audience}`);

  expect(Object.keys(JSON.parse(secret ?? ''))).toEqual(Object.keys(project));
  await writeFile(join(directory, 'secret'), JSON.stringify(project));
  const output = await bash(
    [
      prelude,
      adapted,
      ...commands.map(
        (block, index) => `printf '\\n== ${index}\\n'\ncp secret livekit-secret.json\n${block}`,
      ),
    ].join('\n'),
    { JWT: access, POOL: pool.issuer.replace(/^.*\//, ''), SIGN_IN_PASSWORD: 'Aa1!of-the-smoke-reader' },
  );

  const printedBy = (command: string) => {
    const index = commands.findIndex((block) => block.includes(command));
    return output.split(/^== \d+$/m)[index + 1] ?? '';
  };
  expect(printedBy('curl')).toMatch(/^HTTP\/1\.1 200/m);
  expect(printedBy('curl')).toContain('"room_name":"reading-club-123"');
  expect(printedBy('curl')).toContain(`"server_url":"${project.LIVEKIT_WS_URL}"`);
  // A release checks twice: before it deploys, and after.
  const runs = (command: string) => commands.join('').split(`npm run ${command} `).length - 1;
  const smokeRuns = runs('smoke') + 2 * runs('release');
  expect(smokeRuns).toBeGreaterThanOrEqual(5);
  expect(output.match(/^✓ LiveKit .*lets the token in$/gm)).toHaveLength(smokeRuns);
  // A user pool's access token has no name: smoke warns of that, and of nothing else.
  expect(output.match(/^No cross, but a warning above\.$/gm)).toHaveLength(smokeRuns);
  expect(output).not.toMatch(/^! (?!participant_name)/m);
  expect(printedBy('npm run go-back')).toContain('Gone back. In place is the version of');
  expect(printedBy('serverless logs')).toContain('"status":200');
  expect(printedBy('serverless remove')).toContain('removed');
  expect(await aws('secretsmanager list-secrets', { query: 'SecretList[].Name' })).toEqual([]);
});

/** What the pages take for granted, and the address of what is deployed, which on this machine is another. */
const prelude = `
set -euo pipefail
# What the CLI says to a person goes to standard error.
exec 2>&1
here() {
  sed -E "s|^https://([a-z0-9]+)\\.execute-api\\.[a-z0-9.-]+/|$AWS_ENDPOINT_URL/_aws/execute-api/\\1/\\$default/|" <<<"$1"
}
curl() {
  local arguments=()
  for argument in "$@"; do arguments+=("$(here "$argument")"); done
  command curl -sS "\${arguments[@]}"
}
# MiniStack loses the CORS configuration that CloudFormation hands it: the same once more.
npm() {
  local arguments=()
  for argument in "$@"; do arguments+=("$(here "$argument")"); done
  aws apigatewayv2 update-api --api-id "$(sed -E 's|https://([a-z0-9]+).*|\\1|' <<<"$URL")" \\
    --cors-configuration 'AllowOrigins=https://booky.example,AllowMethods=POST,AllowHeaders=content-type,authorization' >/dev/null
  command npm "\${arguments[@]}"
}
`;

async function bash(script: string, variables: Record<string, string>): Promise<string> {
  const environment = {
    ...cloud.environment,
    HOME: directory,
    TMPDIR: directory,
    CI: 'true',
    SLS_AWS_MONITORING_FREQUENCY: '200',
    ...variables,
  };
  const { exitCode, output } = await runProgram('bash', ['-c', script], { directory, environment });
  expect(exitCode, output).toBe(0);
  return output;
}
