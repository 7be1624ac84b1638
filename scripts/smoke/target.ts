/** What to check, and as which reader: a deployment by its URL, or what `npm start` runs on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import type { Role } from '../../lib/contract.ts';
import { isLoopbackHost } from '../../lib/livekit-url.ts';
import { signInQuery } from '../../local/development-sign-in.ts';
import { readDotEnv } from '../../local/dot-env.ts';
import { readParamsBlock } from '../../local/params-block.ts';
import { parseSettings } from '../../local/settings.ts';
import { findToken } from '../../token-check/find-token.ts';
import { send } from '../../token-check/send.ts';
import { ask } from '../checks/ask.ts';
import { BadUse, readRole } from '../checks/command.ts';

export interface Target {
  /** The token endpoint's whole URL. */
  url: string;
  club: string;
  /** A club that the reader is not in. */
  forbiddenClub: string | undefined;
  /** A web origin that CORS should allow. */
  origin: string | undefined;
  /** The role that the reader should have in the club. */
  role?: Role | undefined;
  /** What to do when nothing listens, if that is known. */
  howToStart?: string;
  /** The reader's JWT, a new one each time if there is a command for it; rejects with `Unreached` or `BadUse`. */
  bearer: () => Promise<string>;
}

/** The options that say what to check. `npm run release` takes them too. */
export const targetOptions = {
  url: { type: 'string' },
  club: { type: 'string' },
  'forbidden-club': { type: 'string' },
  origin: { type: 'string' },
  role: { type: 'string' },
  'bearer-command': { type: 'string' },
} as const;

export type TargetOptions = Partial<Record<keyof typeof targetOptions, string | undefined>>;

/** The same club as in the request that `npm start` prints. */
const defaultClub = '123';

/** @throws {BadUse} */
export async function findTarget(options: TargetOptions): Promise<Target> {
  const { url } = options;
  return url === undefined ? ownTarget(options) : { url, ...(await readTarget(options)) };
}

/**
 * As which reader to check a deployment, and what it should answer. All of it is checked here, and nothing is requested.
 *
 * @throws {BadUse}
 */
export async function readTarget(options: TargetOptions): Promise<Omit<Target, 'url'>> {
  if (options.url !== undefined) requireSafeUrl(options.url);
  const command = options['bearer-command'];
  const given = readExpectations(options);
  if (command !== undefined) return { ...given, bearer: () => printedBearer(command) };
  const bearer = findToken(process.env['BEARER_TOKEN'] || (await ask('Paste the reader’s JWT')));
  if (bearer === undefined) {
    throw new BadUse(
      'There is no bearer: pipe the reader’s JWT in, put it into BEARER_TOKEN, or name a command that prints it with --bearer-command.',
    );
  }
  return { ...given, bearer: async () => bearer };
}

function readExpectations(options: TargetOptions) {
  if (options.origin !== undefined) requireOrigin(options.origin);
  return {
    club: options.club ?? defaultClub,
    forbiddenClub: options['forbidden-club'],
    origin: options.origin,
    role: readRole(options.role),
  };
}

/** What a command of the user's shell prints; its errors are shown. */
async function printedBearer(command: string): Promise<string> {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => child.kill();
  process.once('exit', stop);
  const [printed, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  process.off('exit', stop);
  const bearer = exitCode === 0 ? findToken(printed) : undefined;
  if (bearer === undefined)
    throw new BadUse('The command of --bearer-command should print the reader’s JWT.');
  return bearer;
}

/** What `npm start` runs with these environment variables and this `.env`. */
function ownTarget(options: TargetOptions): Target {
  const { ports, claims } = parseSettings({ ...readDotEnv(), ...process.env }, readParamsBlock());
  if (ports.PORT === 0 || ports.ISSUER_PORT === 0) {
    throw new BadUse('PORT and ISSUER_PORT should be the ports that npm start printed, not 0.');
  }
  const expected = readExpectations(options);
  const { club } = expected;
  const query = signInQuery(claims, { id: 'user-001', name: 'Ana', clubs: { member: club } });
  return {
    url: `http://localhost:${ports.PORT}/api/reading-clubs/meetings/token`,
    ...expected,
    forbiddenClub: expected.forbiddenClub ?? (claims.clubs.member && `not-${club}`),
    // The origin where Vite serves a front end. It is always allowed, whatever the meeting page's port is.
    origin: expected.origin ?? 'http://localhost:5173',
    howToStart: 'run "npm start", with the same PORT and ISSUER_PORT, and wait for its line with "Ready".',
    bearer: async () => {
      const reply = await send(`http://localhost:${ports.ISSUER_PORT}/token?${query}`, {
        headers: { accept: 'application/jwt' },
      });
      return reply.text;
    },
  };
}

function requireSafeUrl(text: string): void {
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : new URL('unknown:');
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return;
  throw new BadUse('--url should be the endpoint’s whole URL, with https:// (http:// on loopback only).');
}

function requireOrigin(text: string): void {
  if (URL.canParse(text) && new URL(text).origin === text) return;
  throw new BadUse('--origin should be a web origin and nothing more, like https://booky.example.');
}
