/** `npm run release`: deploys, checks the deployment from outside, and rolls back to the version before if the check fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deployedStack } from './release/deployed-stack.ts';

const help = `Deploys, checks the deployment with \`npm run smoke\`, and rolls back to the version before if that fails.

  npm run release -- DEPLOYMENT... -- SMOKE...

  DEPLOYMENT  what \`npx serverless deploy\` takes; --stage is required
  SMOKE       what \`npm run smoke\` takes, such as --club 123; --url is the stack's output unless given
  BEARER_TOKEN in the environment is the JWT of a reader of that club.

Exit status: 0 the new version is deployed and answers; 1 it is not; 2 bad use, and nothing was deployed.
`;

process.exitCode = await release(process.argv.slice(2));

async function release(args: readonly string[]): Promise<0 | 1 | 2> {
  const divider = args.indexOf('--');
  const [deployment, checks] = divider < 0 ? [args, []] : [args.slice(0, divider), args.slice(divider + 1)];
  // Read here, but not checked: `serverless` and `npm run smoke` check their own options.
  const { stage, region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'eu-central-1' } =
    parseArgs({
      args: [...deployment],
      options: { stage: { type: 'string', short: 's' }, region: { type: 'string', short: 'r' } },
      strict: false,
    }).values;
  if (typeof stage !== 'string' || typeof region !== 'string') {
    process.stderr.write(help);
    return 2;
  }
  // Without it every check would fail, and the deployment would be rolled back.
  if (!process.env['BEARER_TOKEN']) {
    console.error(
      'BEARER_TOKEN is missing: it should be the JWT of a reader, whom the deployment is tried with.',
    );
    return 2;
  }
  // A mistyped option would look like a failed check, and roll a good version back.
  if (!(await succeeds(...smoke('--url', 'https://localhost', ...checks, '--help'), 'ignore'))) {
    console.error('Nothing was deployed: correct what follows the second "--".');
    return 2;
  }

  const stack = deployedStack({ stage, region });
  const before = await stack.version();
  // --force: after a rollback the CLI would think that the failed version is deployed, and skip the deployment.
  if (!(await serverless('deploy', ...deployment, '--force'))) {
    console.error(
      'The deployment failed. CloudFormation has undone what it had begun: the version before is in place.',
    );
    return 1;
  }
  const answers = async () => {
    try {
      const isUrlGiven = checks.some((option) => /^--url(=|$)/.test(option));
      const url = isUrlGiven ? [] : ['--url', await stack.url()];
      return await succeeds(...smoke(...url, ...checks));
    } catch (error) {
      console.error(
        `The endpoint's URL can't be read from the stack: ${error instanceof Error ? error.message : error}`,
      );
      return false;
    }
  };
  if (await answers()) return 0;

  if (before === undefined) {
    console.error(
      'The new version fails its check, and there is none before it to go back to: it stays deployed.',
    );
    return 1;
  }
  console.error(
    `The new version fails its check: going back to the one of ${new Date(before).toISOString()}.`,
  );
  if (!(await serverless('rollback', ...deployment, '--timestamp', String(before)))) {
    console.error('The rollback failed: the version that fails its check is still deployed.');
    return 1;
  }
  console.error(
    (await answers())
      ? 'The version before is deployed again, and answers.'
      : 'The version before is deployed again, and fails the same check: what is wrong is not the version. Look at the secret, the identity provider and LiveKit.',
  );
  return 1;
}

/** The CLI of the working directory's service. */
function serverless(...args: readonly string[]): Promise<boolean> {
  return succeeds('npx', ['--no', 'serverless', ...args]);
}

function smoke(...args: readonly string[]): [command: string, args: readonly string[]] {
  const script = fileURLToPath(new URL('smoke.ts', import.meta.url));
  return [process.execPath, ['--import', import.meta.resolve('tsx'), script, ...args]];
}

/** Runs a command that prints to this one's output, or only its errors; returns whether it ended with 0. */
async function succeeds(
  command: string,
  args: readonly string[],
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<boolean> {
  const child = spawn(command, args, { stdio: ['ignore', output, 'inherit'] });
  const [exitCode] = await once(child, 'exit');
  return exitCode === 0;
}
