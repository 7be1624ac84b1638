/** What to check, and as which reader: a deployment by its URL, or what `npm start` runs on this machine. */
import process from 'node:process';
import { isLoopbackHost } from '../../lib/livekit-url.ts';
import { readDotEnv } from '../../local/dot-env.ts';
import { parseSettings, SettingsFault } from '../../local/settings.ts';
import { findToken } from '../../token-check/find-token.ts';
import { ask } from '../checks/ask.ts';
import { BadUse } from '../checks/command.ts';
import { send } from './send.ts';

export interface Target {
  /** The token endpoint's whole URL. */
  url: string;
  club: string;
  /** A club that the reader is not in. */
  forbiddenClub: string | undefined;
  /** A web origin that CORS should allow. */
  origin: string | undefined;
  /** What to do when nothing listens, if that is known. */
  howToStart?: string;
  /** The reader's JWT; rejects with `Unreached` where the issuer on this machine doesn't answer. */
  bearer: () => Promise<string>;
}

export interface TargetOptions {
  url?: string | undefined;
  club?: string | undefined;
  'forbidden-club'?: string | undefined;
  origin?: string | undefined;
}

/** The same club as in the request that `npm start` prints. */
const defaultClub = '123';

/** @throws {BadUse} */
export async function findTarget(options: TargetOptions): Promise<Target> {
  if (options.origin !== undefined) requireOrigin(options.origin);
  return options.url === undefined ? ownTarget(options) : deployedTarget(options.url, options);
}

async function deployedTarget(url: string, options: TargetOptions): Promise<Target> {
  requireSafeUrl(url);
  const input = process.env['BEARER_TOKEN'] || (await ask('Paste the reader’s JWT'));
  const bearer = findToken(input);
  if (bearer === undefined) {
    throw new BadUse('There is no bearer: pipe the reader’s JWT in, or put it into BEARER_TOKEN.');
  }
  return {
    url,
    club: options.club ?? defaultClub,
    forbiddenClub: options['forbidden-club'],
    origin: options.origin,
    bearer: async () => bearer,
  };
}

/** What `npm start` runs with these environment variables and this `.env`. */
function ownTarget(options: TargetOptions): Target {
  const { port, issuerPort, parameters } = readSettings();
  if (port === 0 || issuerPort === 0) {
    throw new BadUse('PORT and ISSUER_PORT should be the ports that npm start printed, not 0.');
  }
  const club = options.club ?? defaultClub;
  const clubsClaim = parameters['clubs-claim'];
  const query = new URLSearchParams({ sub: 'user-001', name: 'Ana' });
  // Given twice, the second time empty: an array with one value.
  if (clubsClaim !== undefined) for (const id of [club, '']) query.append(clubsClaim, id);
  return {
    url: `http://localhost:${port}/api/reading-clubs/meetings/token`,
    club,
    forbiddenClub: options['forbidden-club'] ?? (clubsClaim && `not-${club}`),
    // The origin where Vite serves a front end. It is always allowed, whatever the meeting page's port is.
    origin: options.origin ?? 'http://localhost:5173',
    howToStart: 'run "npm start", with the same PORT and ISSUER_PORT, and wait for its line with "Ready".',
    bearer: async () => {
      const reply = await send(`http://localhost:${issuerPort}/token?${query}`, {
        headers: { accept: 'application/jwt' },
      });
      return reply.text;
    },
  };
}

function readSettings() {
  try {
    return parseSettings({ ...readDotEnv(), ...process.env });
  } catch (error) {
    if (error instanceof SettingsFault) throw new BadUse(error.message);
    throw error;
  }
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
