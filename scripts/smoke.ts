/** `npm run smoke`: checks a deployment from outside, as its readers and their browsers use it. */
import process from 'node:process';
import { crossesIn } from '../token-check/check.ts';
import { readCommand, run } from './checks/command.ts';
import { reportOf } from './checks/table.ts';
import { checkDeployment } from './smoke/deployment.ts';
import { readWait, settle, waitOption } from './smoke/settle.ts';
import { findTarget, targetOptions } from './smoke/target.ts';

const help = `Checks a deployment from outside: a token for a club, wrong requests, CORS, and LiveKit's answer to the token.

  npm run smoke                                     checks what "npm start" runs on this machine
  npm run smoke -- --url https://… --club 123       a deployment; asks for the reader's JWT, and does not show it
  BEARER_TOKEN=… npm run smoke -- --url https://…   the reader's JWT from the environment; or pipe it in

  --url https://…             the endpoint's whole URL: the stack's output TokenEndpointUrl
  --club 123                  a club that the reader is in (123 by default)
  --forbidden-club 456        a club that the reader is not in
  --origin https://…          a web origin that CORS should allow
  --role member               the role that the reader should have in the club
  --bearer-command 'sign-in'  a command that prints the reader's JWT
  --wait 60                   tries again for that many seconds, as long as what is wrong may settle
  --json                      prints JSON ("npm run -s smoke -- --json" prints nothing else)
  --help                      this

Without --url, PORT, ISSUER_PORT and the other settings are read as npm start reads them.
It changes nothing and creates no room. It prints no token and no JWT.
Exit status: 0 nothing wrong, 1 a cross, 2 bad use.
`;

await run(async () => {
  const { wait, json, ...options } = readCommand(help, {
    ...targetOptions,
    ...waitOption,
    json: { type: 'boolean' },
  });
  const waitMs = readWait(wait);
  const target = await findTarget(options);
  const checks = await settle(() => checkDeployment(target), waitMs);
  process.stdout.write(
    json
      ? `${JSON.stringify({ url: target.url, checks }, null, 2)}\n`
      : reportOf(target.url, checks, process.stdout),
  );
  return crossesIn(checks).length === 0 ? 'well' : 'wrong';
});
