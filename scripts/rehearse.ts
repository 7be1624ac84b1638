/** `npm run rehearse`: deploys the stack on this machine, with two readers who can meet. Ctrl-C removes it. */
import process from 'node:process';
import { findLiveKit, howToGetLiveKit, startLiveKit } from '../local/livekit.ts';
import { startPage } from '../local/page/server.ts';
import { freePort } from '../local/ports.ts';
import { type MiniStack, startMiniStack } from './rehearsal/ministack.ts';
import { openService, type Stack } from './rehearsal/service.ts';
import { RehearsalFault } from './rehearsal/tools.ts';
import { createUserPool, type Reader } from './rehearsal/user-pool.ts';

if (process.argv.length > 2) {
  console.error(
    'npm run rehearse takes no options: it deploys to an AWS on this machine, and removes it at Ctrl-C.',
  );
  process.exit(2);
}

/** The club that both readers are in: the first one on the meeting page. */
const commonClub = '123';

/** Two readers of the meeting page, each with one more club. */
const readers = [
  { id: 'user-001', name: 'Ana', clubs: ['poetry', commonClub] },
  { id: 'user-002', name: 'Bruno', clubs: ['mystery', commonClub] },
];

/** What to clean up at the end, in reverse order. */
const undo: (() => Promise<void>)[] = [];

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

const failure = await Promise.race([stopped, rehearse()]).catch((error: unknown) => error);
if (failure === undefined) console.log('Removing the stack ...');
for (const step of undo.reverse()) {
  await step().catch((error: unknown) =>
    console.error(error instanceof RehearsalFault ? error.message : error),
  );
}
if (failure !== undefined) console.error(failure instanceof RehearsalFault ? failure.message : failure);
process.exit(failure === undefined ? 0 : 1);

async function rehearse(): Promise<never> {
  const ministack = await startMiniStack();
  undo.push(ministack.close);
  const { aws } = ministack;
  const secret = await startMeetings();
  await aws('secretsmanager create-secret', { name: 'booky/livekit', 'secret-string': secret });

  const pool = await createUserPool(ministack);
  const signedUp = await Promise.all(readers.map(({ id, ...reader }) => pool.addReader(id, reader)));

  console.log('Deploying ...');
  const pagePort = await freePort();
  const parameters = {
    issuer: pool.issuer,
    audience: pool.audience,
    origins: `http://localhost:${pagePort}`,
    'clubs-claim': 'cognito:groups',
  };
  const service = await openService(ministack, 'rehearsal');
  undo.push(service.deleteCopy, () => service.remove(parameters));
  const stack = await service.deploy(parameters);
  // MiniStack loses the CORS configuration from CloudFormation, so it is set again.
  await aws('apigatewayv2 update-api', {
    'api-id': stack.apiId,
    'cors-configuration': {
      AllowOrigins: [parameters.origins],
      AllowMethods: ['POST'],
      AllowHeaders: ['content-type', 'authorization'],
    },
  });

  const page = await startPage({
    port: pagePort,
    settings: {
      tokenEndpoint: stack.url,
      signIn: {
        kind: 'user-pool',
        url: ministack.url,
        clientId: pool.audience,
        passwords: Object.fromEntries(signedUp.map(({ username, password }) => [username, password])),
      },
    },
  });
  undo.push(page.close);

  console.log(`Ready: endpoint ${stack.url}`);
  console.log(`Meeting page: ${page.url} (one tab for each reader; club ${commonClub} has both)`);
  for (const [index, reader] of signedUp.entries()) {
    const { name, clubs } = readers[index] ?? { name: reader.username, clubs: [] };
    console.log(`\n${name}, of the clubs ${clubs.join(' and ')}:`);
    console.log(curl(ministack, stack, pool.audience, reader, clubs[0] ?? commonClub));
  }
  console.log(`\nThe aws command finds this cloud with:\n${exports(ministack)}\nCtrl-C removes it all.`);
  return new Promise(() => {});
}

/**
 * A LiveKit server for the meetings.
 *
 * @returns what the secret should hold.
 */
async function startMeetings() {
  const binary = await findLiveKit(process.env);
  if (binary === undefined) throw new RehearsalFault(howToGetLiveKit);
  const apiKey = 'rehearsal';
  const apiSecret = crypto.randomUUID() + crypto.randomUUID();
  const liveKit = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret });
  undo.push(liveKit.close);
  return { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret, LIVEKIT_WS_URL: liveKit.url };
}

/** A reader's request as a command line, which signs in first. */
function curl({ url }: MiniStack, stack: Stack, clientId: string, reader: Reader, club: string): string {
  const { username, password } = reader;
  const variables = `AWS_ENDPOINT_URL=${url} SIGN_IN_CLIENT_ID=${clientId} SIGN_IN_USERNAME=${username} SIGN_IN_PASSWORD=${password}`;
  // In single quotes, because a shell would read a part of the path as a variable.
  return `curl -sS '${stack.url}' -H "Authorization: Bearer $(${variables} npm run --silent sign-in)" -H 'Content-Type: application/json' -d '{"reading_club_id":"${club}"}'`;
}

function exports({ environment }: MiniStack): string {
  return Object.entries(environment)
    .filter(([name]) => name.startsWith('AWS_'))
    .map(([name, value]) => `export ${name}=${value}`)
    .join('\n');
}
