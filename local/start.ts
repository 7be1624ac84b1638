/** `npm start`: runs everything that the endpoint needs on this machine, until Ctrl-C. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { audience, type Issuer, startIssuer } from '../stand-ins/issuer.ts';
import { startSecretsManager } from '../stand-ins/secrets-manager.ts';
import { type Api, startApi } from './api.ts';
import { signInQuery } from './development-sign-in.ts';
import { readDotEnv } from './dot-env.ts';
import { findLiveKit, howToGetLiveKit, LiveKitFault, startLiveKit } from './livekit.ts';
import { startPage } from './page/server.ts';
import { readParamsBlock } from './params-block.ts';
import { freePort, isPortFree } from './ports.ts';
import { parseSettings, type Settings, SettingsFault } from './settings.ts';

const directory = fileURLToPath(new URL('..', import.meta.url));

const secretName = 'booky/livekit';

/** Vite's default origin, for a front end in development: the API allows it in addition to the meeting page. */
const frontEnd = 'http://localhost:5173';

/** Something that runs in this process or in another one. Parts are started in order and ended in reverse order. */
interface Part {
  close: () => Promise<void>;
}
const parts: Part[] = [];

/** The reason why `npm start` can't continue, in one line for a person. */
class Failure extends Error {
  override readonly name = 'Failure';
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  // When npm is ended, it ends its shell, which does not pass the signal on. So this checks whether the parent is still there.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) resolve();
  }, 500);
});

const failure = await Promise.race([stopped, run()]).catch((error: unknown) => error);
for (const part of parts.reverse()) await part.close();
if (failure !== undefined) {
  const isForeseen =
    failure instanceof Failure || failure instanceof SettingsFault || failure instanceof LiveKitFault;
  console.error(isForeseen ? failure.message : failure);
}
process.exit(failure === undefined ? 0 : 1);

async function run(): Promise<never> {
  const environment = { ...readDotEnv(), ...process.env };
  const settings = parseSettings(environment, readParamsBlock());
  const { ports, fault } = settings;
  for (const [variable, port] of Object.entries(ports)) {
    if (port === 0 || (await isPortFree(port))) continue;
    throw new Failure(`Port ${port} is in use: set ${variable} to another one, or end what listens there.`);
  }

  const liveKitState = await startOwnLiveKit(settings, environment);

  const secretsManager = await startSecretsManager();
  parts.push(secretsManager);
  secretsManager.put(secretName, JSON.stringify(settings.secret));
  if (fault === '503') secretsManager.failWith('InternalServiceError');

  const issuer = await startIssuer({
    port: ports.ISSUER_PORT,
    accessTokens: settings.signsAccessTokens,
    ...(fault === 'expired' && { lifetime: -3_600 }),
  });
  parts.push(issuer);

  const apiPort = ports.PORT || (await freePort());
  const pagePort = ports.PAGE_PORT || (await freePort());
  const pageUrl = `http://localhost:${pagePort}`;
  const origins = [pageUrl, frontEnd, ...settings.origins].join(',');
  const api = await startApi({
    directory,
    port: apiPort,
    issuer: issuer.url,
    audience,
    region: secretsManager.environment.AWS_REGION,
    parameters: { ...settings.parameters, secret: secretName, origins },
    fault: fault === '429' || fault === 'slow' ? fault : undefined,
    environment: { ...settings.environment, ...secretsManager.environment },
    write: (output) => process.stdout.write(output),
  });
  parts.push(api);
  const page = startPage({
    port: pagePort,
    settings: {
      tokenEndpoint: `${api.url}/api/reading-clubs/meetings/token`,
      signIn: { kind: 'development', issuerUrl: issuer.url, claims: settings.claims },
    },
  });
  // The API takes seconds.
  await Promise.all([
    page.then((started) => parts.push(started)),
    api.ready.catch(() => {
      throw new Failure('The API did not start: see its output above.');
    }),
  ]);

  const curl = await tryOut(api, issuer, settings);
  if (fault !== undefined) console.log(`FAULT=${fault}: the request below, and every other, shows it.`);
  console.log(liveKitState);
  console.log(`Ready: API ${api.url}, issuer ${issuer.url}, meeting page ${pageUrl}. Try: ${curl}`);

  await api.ended;
  throw new Failure('The API ended: see its output above.');
}

/**
 * Starts a LiveKit server if `LIVEKIT_WS_URL` is on this machine and no server listens there yet.
 *
 * @returns one line for the person, about meetings.
 */
async function startOwnLiveKit({ secret }: Settings, environment: NodeJS.ProcessEnv): Promise<string> {
  const { LIVEKIT_WS_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = secret;
  const { protocol, hostname, port } = URL.canParse(url) ? new URL(url) : new URL('unknown:');
  const isOwn = protocol === 'ws:' && ['localhost', '127.0.0.1'].includes(hostname);
  if (!isOwn || !(await isPortFree(Number(port || 80)))) return `Meetings take place at ${url}.`;

  const binary = await findLiveKit(environment);
  if (binary === undefined) return `Meetings can't be joined: ${howToGetLiveKit}.`;
  parts.push(await startLiveKit({ binary, port: Number(port || 80), apiKey, apiSecret }));
  return `Meetings take place at ${url}, where a LiveKit server was started.`;
}

/**
 * Sends the first request, which also warms the function, unless a fault is asked for.
 *
 * @returns the same request as a command line.
 * @throws {Failure} if a reader gets no token.
 */
async function tryOut(api: Api, issuer: Issuer, { claims, fault }: Settings): Promise<string> {
  const url = `${api.url}/api/reading-clubs/meetings/token`;
  const club = '123';
  const reader = signInQuery(claims, { id: 'user-001', name: 'Ana', clubs: { member: club } });
  const body = JSON.stringify({ reading_club_id: club });
  const askForJwt = `curl -sS -H 'Accept: application/jwt' '${issuer.url}/token?${reader}'`;
  const command = `curl -sS ${url} -H "Authorization: Bearer $(${askForJwt})" -H 'Content-Type: application/json' -d '${body}'`;
  if (fault !== undefined) return command;

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
  return command;
}
