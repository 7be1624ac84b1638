/** `npm start`: everything that the endpoint needs, on this machine alone, until Ctrl-C. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { type Api, startApi } from './api.ts';
import { audience, type Issuer, startIssuer } from './issuer.ts';
import { freePort, isPortFree } from './ports.ts';
import { startSecretsManager } from './secrets-manager.ts';
import { parseSettings, type Settings, SettingsFault } from './settings.ts';

const directory = fileURLToPath(new URL('..', import.meta.url));

const secretName = 'booky/livekit';

/** Something that runs beside this process or in it. Started in order, ended in reverse. */
interface Part {
  close: () => Promise<void>;
}
const parts: Part[] = [];

/** A reason not to go on, in one line for the person who started it. */
class Failure extends Error {
  override readonly name = 'Failure';
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

const failure = await Promise.race([stopped, run()]).catch((error: unknown) => error);
for (const part of parts.reverse()) await part.close();
if (failure !== undefined) {
  const isForeseen = failure instanceof Failure || failure instanceof SettingsFault;
  console.error(isForeseen ? failure.message : failure);
}
process.exit(failure === undefined ? 0 : 1);

async function run(): Promise<never> {
  const settings = parseSettings({ ...readDotEnv(), ...process.env });
  await refuseTakenPort('PORT', settings.port);
  await refuseTakenPort('ISSUER_PORT', settings.issuerPort);

  const secretsManager = await startSecretsManager();
  parts.push(secretsManager);
  secretsManager.put(secretName, JSON.stringify(settings.secret));

  const issuer = await startIssuer({ port: settings.issuerPort });
  parts.push(issuer);

  const api = await startApi({
    directory,
    port: settings.port || (await freePort()),
    issuer: issuer.url,
    audience,
    region: secretsManager.environment.AWS_REGION,
    parameters: { ...settings.parameters, secret: secretName },
    environment: { ...settings.environment, ...secretsManager.environment },
    write: (output) => process.stdout.write(output),
  });
  parts.push(api);
  await api.ready.catch(() => {
    throw new Failure('The API did not start: see its output above.');
  });

  const curl = await tryOut(api, issuer, settings);
  console.log(`Ready: API ${api.url}, issuer ${issuer.url}. Try: ${curl}`);

  await api.ended;
  throw new Failure('The API ended: see its output above.');
}

/** A laptop's own settings; nobody has to have any. */
function readDotEnv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(join(directory, '.env'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

async function refuseTakenPort(variable: string, port: number): Promise<void> {
  if (port === 0 || (await isPortFree(port))) return;
  throw new Failure(`Port ${port} is in use: set ${variable} to another one, or end what listens there.`);
}

/**
 * Sends the first request, which also warms the function.
 *
 * @returns the same request as a command line.
 * @throws {Failure} if a reader gets no token.
 */
async function tryOut(api: Api, issuer: Issuer, { parameters }: Settings): Promise<string> {
  const url = `${api.url}/api/reading-clubs/meetings/token`;
  const club = '123';
  const clubsClaim = parameters['clubs-claim'];
  const reader = new URLSearchParams({
    sub: 'user-001',
    name: 'Ana',
    ...(clubsClaim === undefined ? {} : { [clubsClaim]: club }),
  });
  const body = JSON.stringify({ reading_club_id: club });

  const jwt = await fetch(`${issuer.url}/token?${reader}`, { headers: { accept: 'application/jwt' } });
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await jwt.text()}`, 'content-type': 'application/json' },
    body,
  });
  if (response.status !== 200) {
    throw new Failure(
      `The first request was answered with ${response.status} ${await response.text()}: see the log above.`,
    );
  }
  const askForJwt = `curl -sS -H 'Accept: application/jwt' '${issuer.url}/token?${reader}'`;
  return `curl -sS ${url} -H "Authorization: Bearer $(${askForJwt})" -H 'Content-Type: application/json' -d '${body}'`;
}
