/** `npm run smoke`: checks a deployment from outside, as its readers and their browsers use it. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { BadUse, readOptions, run } from './checks/command.ts';
import { paint, tableOf } from './checks/table.ts';
import type { Check } from './smoke/check.ts';
import { checkDeployment } from './smoke/deployment.ts';
import { findTarget } from './smoke/target.ts';

const help = `Checks a deployment from outside: a token for a club, wrong requests, CORS, and LiveKit's answer to the token.

  npm run smoke                                     checks what "npm start" runs on this machine
  npm run smoke -- --url https://… --club 123       a deployment; asks for the reader's JWT, and does not show it
  BEARER_TOKEN=… npm run smoke -- --url https://…   the reader's JWT from the environment; or pipe it in

  --url https://…             the endpoint's whole URL: the stack's output TokenEndpointUrl
  --club 123                  a club that the reader is in (123 by default)
  --forbidden-club 456        a club that the reader is not in
  --origin https://…          a web origin that CORS should allow
  --wait 60                   tries again for that many seconds until nothing is wrong
  --json                      prints JSON ("npm run -s smoke -- --json" prints nothing else)
  --help                      this

Without --url, PORT, ISSUER_PORT and the other settings are read as npm start reads them.
It changes nothing and creates no room. It prints no token and no JWT.
Exit status: 0 nothing wrong, 1 a cross, 2 bad use.
`;

/** Between two tries, in milliseconds. */
const pauseMs = 3_000;

await run(async () => {
  const options = readOptions({
    url: { type: 'string' },
    club: { type: 'string' },
    'forbidden-club': { type: 'string' },
    origin: { type: 'string' },
    wait: { type: 'string', default: '0' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (!/^\d{1,4}$/.test(options.wait))
    throw new BadUse('--wait should be a number of seconds, from 0 to 9999.');
  if (options.help) {
    process.stdout.write(help);
    return 'well';
  }
  const target = await findTarget(options);
  const checks = await settle(() => checkDeployment(target), Number(options.wait) * 1000);

  if (options.json) {
    process.stdout.write(`${JSON.stringify({ url: target.url, checks }, null, 2)}\n`);
  } else {
    const table = tableOf(checks, process.stdout);
    process.stdout.write(`${target.url}\n\n${table}\n${summary(checks)}\n`);
  }
  return crossesIn(checks).length === 0 ? 'well' : 'wrong';
});

/** Repeats the checks until a round has no cross or `waitMs` are over; returns the last round. Progress goes to standard error. */
async function settle(round: () => Promise<Check[]>, waitMs: number): Promise<Check[]> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const checks = await round();
    const crosses = crossesIn(checks);
    const left = deadline - Date.now();
    if (crosses.length === 0 || left < pauseMs) return checks;
    const faults = crosses
      .map(({ subject, value, meaning }) => `${subject} ${value} (${meaning})`)
      .join('; ');
    process.stderr.write(`Not yet, trying for ${Math.round(left / 1000)} s more: ${faults}\n`);
    await delay(pauseMs);
  }
}

function crossesIn(checks: readonly Check[]): Check[] {
  return checks.filter(({ mark }) => mark === 'bad');
}

function summary(checks: readonly Check[]): string {
  const crosses = crossesIn(checks).length;
  if (crosses > 0)
    return paint('red', crosses === 1 ? 'A cross above.' : `${crosses} crosses above.`, process.stdout);
  const isDoubtful = checks.some(({ mark }) => mark === 'warning');
  return isDoubtful
    ? paint('yellow', 'No cross, but a warning above.', process.stdout)
    : paint('green', 'Nothing is wrong.', process.stdout);
}
