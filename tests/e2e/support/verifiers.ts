/** What answers `/rtc/validate` in each era of LiveKit's server: the stack's, an old one, and the newest's verification. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { startLiveKit } from '../../../local/livekit.ts';
import { freePort } from '../../../local/ports.ts';
import { redact } from '../../../token-check/find-token.ts';
import type { Era, LiveKitAnswer } from '../../../token-check/finding.ts';
import { apiKey, apiSecret } from '../../support/tokens.ts';

const tool = async (name: string): Promise<string> => {
  const path = fileURLToPath(new URL(`../../../.tools/${name}`, import.meta.url));
  await access(path).catch(() => {
    throw new Error(`There is no ${path}: run scripts/install.sh e2e-peers.`);
  });
  return path;
};

/** Their URLs, until they are closed. */
export async function startVerifiers(): Promise<{ urls: Record<Era, string>; close: () => Promise<void> }> {
  const newest = spawn(await tool('livekit-newest-verifier'), [apiKey, apiSecret]);
  const [line] = await once(newest.stdout, 'data');
  const binary = await tool('livekit-1.9.11');
  const old = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret });
  return {
    urls: {
      'from 1.13.6': String(line).trim(),
      '1.13.3 to 1.13.5': inject('stack').liveKitUrl,
      'up to 1.12': old.url.replace('ws:', 'http:'),
    },
    close: async () => {
      newest.kill('SIGKILL');
      await old.close();
    },
  };
}

/** What the server there answers to a request for validation; a token in it is redacted. */
export async function ask(
  server: string,
  path: string,
  headers: Record<string, string>,
): Promise<LiveKitAnswer> {
  const response = await fetch(`${server}/rtc/validate${path}`, { headers });
  return { status: response.status, reason: redact(await response.text()) };
}

export const validate = (server: string, token: string) =>
  ask(server, '', { authorization: `Bearer ${token}` });
