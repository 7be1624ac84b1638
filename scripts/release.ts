/** `npm run release`, `npm run conclude` and `npm run go-back`: which version of the service readers meet. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import * as v from 'valibot';
import { type Check, checkSchema } from '../token-check/check.ts';
import { BadUse, readOptions, run } from './checks/command.ts';
import { reportOf } from './checks/table.ts';
import { readDeployment } from './release/cli.ts';
import { requireNewer } from './release/commit.ts';
import { faultOfBearer } from './release/judge.ts';
import { messageOf, Releaser } from './release/releaser.ts';
import { isDeployed, type Stack, sentenceOf } from './release/stack.ts';
import { checkDeployment } from './smoke/deployment.ts';
import { readJwt } from './smoke/read-jwt.ts';
import { readWait, settle, waitOption } from './smoke/settle.ts';
import { readTarget, targetOptions } from './smoke/target.ts';

const help = `
  npm run release -- DEPLOYMENT... -- SMOKE...  deploys, checks the deployment as "npm run smoke" does, and goes back to the last
                                                version that passed if this one does worse than the one before
  npm run release -- DEPLOYMENT...              only deploys, and says which version is in place
  npm run conclude -- DEPLOYMENT... -- VERSION BEFORE.json AFTER.json
                                                for checks in steps of their own ("npm run smoke -- --json"): keeps that version if
                                                it passes, and goes back as a release does
  npm run go-back -- DEPLOYMENT...              goes back to the last version that passed its checks, but for the one in place,
                                                which then counts as one that failed; "-- --again" after it leaves one that was
                                                itself gone back to

  DEPLOYMENT  what "npx serverless deploy" takes; --stage is required
  SMOKE       what "npm run smoke" takes but for --json; --url is the stack's output unless given
  The reader's JWT is in BEARER_TOKEN, or a command prints a new one for each check: --bearer-command.

Exit status: 0 the version is in place, and passed its checks; 1 it is not, or did not, and the last lines say what is in
place; 2 bad use, and nothing was done.
`;

/** @param smoke from the second `--` on; empty to deploy only */
async function release(releaser: Releaser, smoke: readonly string[]): Promise<boolean> {
  // All of it is read before anything is deployed: a mistake in it would look like a fault of the version.
  const { wait, ...options } = readOptions({ ...targetOptions, ...waitOption }, smoke.slice(1));
  const waitMs = readWait(wait);
  const target = smoke.length > 0 ? await readTarget(options) : undefined;
  if (target !== undefined) requireUnexpired(await target.bearer());
  const before = await releaser.look();

  /** The checks of what is in place, printed; none if it was asked to deploy only. */
  const check = async ({ outputs }: Stack, patienceMs: number): Promise<Check[]> => {
    const url = options.url ?? outputs.get('TokenEndpointUrl') ?? '';
    if (target === undefined) return [];
    const checks = await settle(() => checkDeployment({ ...target, url }), patienceMs);
    process.stdout.write(reportOf(url, checks, process.stdout));
    return checks;
  };
  const baseline = isDeployed(before) ? await check(before, 0) : [];
  const fault = faultOfBearer(baseline);
  if (fault !== undefined) throw new BadUse(`Nothing was deployed: ${fault}.`);
  if (isDeployed(before)) await requireNewer(before.version);

  return releaser.run(async () => {
    const deployed = await releaser.deploy(before);
    if (deployed === undefined) return false;
    if (target === undefined) {
      console.error(sentenceOf(deployed));
      console.log(`version=${deployed.version.name}\nurl=${deployed.outputs.get('TokenEndpointUrl')}`);
      return true;
    }
    const checks = await check(deployed, waitMs).catch((error) => {
      console.error(messageOf(error));
      return undefined;
    });
    const outcome = await releaser.conclude(deployed.version.name, baseline, checks);
    if (typeof outcome !== 'boolean') await check(outcome, waitMs);
    return outcome === true;
  });
}

/** @throws {BadUse} */
function requireUnexpired(bearer: string): void {
  const { exp } = readJwt(bearer)?.claims ?? {};
  if (exp === undefined || exp * 1000 > Date.now()) return;
  const at = new Date(exp * 1000).toISOString();
  throw new BadUse(`Nothing was deployed: the reader’s JWT expired at ${at}.`);
}

/** @param args from the second `--` on: the version, and what `npm run smoke -- --json` printed before its deployment, and after */
async function conclude(releaser: Releaser, args: readonly string[]): Promise<boolean> {
  const [, version, ...paths] = args;
  if (version === undefined || paths.length !== 2)
    throw new BadUse('conclude takes three arguments: see --help.');
  return releaser.run(async () => {
    const reports = await Promise.all(paths.map(readReport)).catch((error) => {
      console.error(messageOf(error));
      return [];
    });
    const [before = [], after] = reports;
    return (await releaser.conclude(version, before, after)) === true;
  });
}

const reportSchema = v.object({ checks: v.array(checkSchema) });

/** `undefined` where it could not check. */
async function readReport(path: string): Promise<Check[] | undefined> {
  const text = await readFile(path, 'utf8');
  return text.trim() === '' ? undefined : v.parse(reportSchema, JSON.parse(text)).checks;
}

/** @param options from the second `--` on */
async function goBack(releaser: Releaser, options: readonly string[]): Promise<boolean> {
  const { again = false } = readOptions({ again: { type: 'boolean' } }, options.slice(1));
  const stack = await releaser.look();
  if (isDeployed(stack)) return releaser.run(async () => (await releaser.goBack(stack, again)) !== undefined);
  console.error(sentenceOf(stack));
  return false;
}

const commands = new Map(Object.entries({ release, conclude, 'go-back': goBack }));

await run(async () => {
  const [command = '', ...args] = process.argv.slice(2);
  const divider = args.includes('--') ? args.indexOf('--') : args.length;
  const first = args.slice(0, divider);
  if (first.includes('--help')) {
    process.stdout.write(help);
    return 'well';
  }
  const releaser = new Releaser(readDeployment(first));
  const isWell = await commands.get(command)?.(releaser, args.slice(divider));
  return isWell ? 'well' : 'wrong';
});
