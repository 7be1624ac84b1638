/** `npm run release`: deploys, checks the deployment from outside, and goes back to the last version that passed if this one does worse. */
import process from 'node:process';
import type { Check } from '../token-check/check.ts';
import { BadUse, readOptions, run } from './checks/command.ts';
import { requireNewer } from './release/commit.ts';
import { readDeployment } from './release/deployment.ts';
import { faultOfBearer } from './release/judge.ts';
import { messageOf, Releaser } from './release/releaser.ts';
import type { Deployed } from './release/stack.ts';
import { checkDeployment } from './smoke/deployment.ts';
import { readJwt } from './smoke/read-jwt.ts';
import { reportOf } from './smoke/report.ts';
import { readWait, settle, waitOption } from './smoke/settle.ts';
import { readTarget, targetOptions } from './smoke/target.ts';

const help = `Deploys, checks the deployment as "npm run smoke" does, and goes back to the last version that passed if this one does worse.

  npm run release -- DEPLOYMENT... -- SMOKE...
  npm run release -- DEPLOYMENT...              only deploys, and says which version is in place

  DEPLOYMENT  what "npx serverless deploy" takes; --stage is required
  SMOKE       what "npm run smoke" takes but for --json; --url is the stack's output unless given
  The reader's JWT is in BEARER_TOKEN, or a command prints a new one for each check: --bearer-command.

Exit status: 0 the new version is in place, and passed its checks; 1 it is not, or did not, and the last lines say what is in
place; 2 bad use, and nothing was done.
`;

await run(async () => {
  const args = process.argv.slice(2);
  const divider = args.includes('--') ? args.indexOf('--') : args.length;
  const [first, second] = [args.slice(0, divider), args.slice(divider + 1)];
  if (first.includes('--help')) {
    process.stdout.write(help);
    return 'well';
  }
  const isChecked = divider < args.length;
  // All of it is read before anything is deployed: a mistake in it would look like a fault of the version.
  const deployment = readDeployment(first);
  const { wait, ...options } = readOptions({ ...targetOptions, ...waitOption }, second);
  const waitMs = readWait(wait);
  const target = isChecked ? await readTarget(options) : undefined;
  if (target !== undefined) requireUnexpired(await target.bearer());
  const releaser = new Releaser(deployment);
  const before = await releaser.look();

  /** The checks of what is in place, printed; none if it was asked to deploy only. */
  const check = async ({ outputs }: Deployed, patienceMs: number): Promise<Check[]> => {
    const url = options.url ?? outputs.get('TokenEndpointUrl') ?? '';
    if (target === undefined) return [];
    const checks = await settle(() => checkDeployment({ ...target, url }), patienceMs);
    process.stdout.write(reportOf(url, checks, process.stdout));
    return checks;
  };
  const baseline = before.is === 'deployed' ? await check(before, 0) : [];
  const fault = faultOfBearer(baseline);
  if (fault !== undefined) throw new BadUse(`Nothing was deployed: ${fault}.`);
  if (before.is === 'deployed') await requireNewer(before.version);

  return releaser.run(async () => {
    const deployed = await releaser.deploy(before);
    if (deployed === undefined) return 'wrong';
    if (!isChecked) return 'well';
    const checks = await check(deployed, waitMs).catch((error) => {
      console.error(messageOf(error));
      return undefined;
    });
    const judgement = await releaser.judge(deployed, baseline, checks);
    if (judgement === 'worse') {
      const back = await releaser.goBack(deployed);
      if (back !== undefined) await check(back, waitMs);
    }
    return judgement === 'passed' ? 'well' : 'wrong';
  });
});

/** @throws {BadUse} */
function requireUnexpired(bearer: string): void {
  const { exp } = readJwt(bearer)?.claims ?? {};
  if (exp === undefined || exp * 1000 > Date.now()) return;
  throw new BadUse(
    `Nothing was deployed: the reader’s JWT expired at ${new Date(exp * 1000).toISOString()}.`,
  );
}
