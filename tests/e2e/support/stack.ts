/** Starts `npm start` itself, once for all of the suite: on free ports, with a LiveKit server of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { copyService } from '../../../deploy/service-copy.ts';
import { findLiveKit, howToGetLiveKit } from '../../../local/livekit.ts';
import { freePort } from '../../../local/ports.ts';
import { end } from '../../../local/server-process.ts';

/** The names of the claims that list clubs. */
const claims = {
  CLUBS_CLAIM: 'reading_clubs',
  MODERATED_CLUBS_CLAIM: 'moderated_clubs',
  LISTENERS_CLAIM: 'listening_clubs',
};

/** Where everything answers. */
export interface Stack {
  tokenEndpoint: string;
  issuerUrl: string;
  pageUrl: string;
  /** LiveKit's address over HTTP. */
  liveKitUrl: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stack: Stack;
  }
}

/** Called by vitest before the suite; what it returns is called after. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const liveKit = await findLiveKit(process.env);
  if (liveKit === undefined) throw new Error(howToGetLiveKit);

  const service = await copyService();
  const liveKitPort = await freePort();
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    cwd: service.directory,
    env: {
      PATH: process.env['PATH'],
      HOME: service.directory,
      PORT: '0',
      ISSUER_PORT: '0',
      PAGE_PORT: '0',
      LIVEKIT_SERVER: liveKit,
      LIVEKIT_WS_URL: `ws://localhost:${liveKitPort}`,
      ...claims,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await end(child, { timeoutMs: 30_000 });
    await service.remove();
  };
  try {
    const ready = await readyLine(child);
    project.provide('stack', {
      tokenEndpoint: `${address(ready, 'API')}/api/reading-clubs/meetings/token`,
      issuerUrl: address(ready, 'issuer'),
      pageUrl: address(ready, 'meeting page'),
      liveKitUrl: `http://127.0.0.1:${liveKitPort}`,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** The line with `Ready`; rejects with all that was printed when the stack ends without it. */
function readyLine(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const line = output.split('\n').find((candidate) => candidate.startsWith('Ready'));
      if (line !== undefined && output.includes(`${line}\n`)) resolve(line);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`npm start ended before it was ready:\n${output}`)));
  });
}

/** The address that follows this word in the line. */
function address(line: string, word: string): string {
  const found = new RegExp(`${word} (http://localhost:\\d+)`).exec(line)?.[1];
  if (found === undefined) throw new Error(`npm start names no ${word}: ${line}`);
  return found;
}
