/** LiveKit servers of a test’s own, which know one key pair or the other, and tokens for them. */
import type { Page } from 'playwright-core';
import { afterEach } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../../local/livekit.ts';
import { apiKey, apiSecret } from '../../support/tokens.ts';
import { changeAnswers } from './browser.ts';
import { resign } from './reader.ts';

export interface Keys {
  apiKey: string;
  apiSecret: string;
}

/** LiveKit’s key pair before a rotation, and after it. */
export const before: Keys = { apiKey, apiSecret };
export const after: Keys = { apiKey: 'another-key', apiSecret: 'another-secret-of-at-least-32-characters' };

/** Servers that end with the test. */
export function useServers() {
  const servers: LiveKit[] = [];
  const close = async () => {
    for (const server of servers.splice(0)) await server.close();
  };
  afterEach(close);
  return {
    startServer: async (port: number, keys: Keys): Promise<void> => {
      const binary = await findLiveKit(process.env);
      if (binary === undefined) throw new Error(howToGetLiveKit);
      servers.push(await startLiveKit({ binary, port, ...keys }));
    },
    /** Ends them without a word to anybody. */
    killServers: async (): Promise<void> => {
      for (const server of servers.splice(0)) await server.kill();
    },
  };
}

/** Lets the endpoint’s tokens be for the server at this port, signed with these keys. */
export function answerFor(page: Page, port: number, keys: Keys): Promise<void> {
  return changeAnswers(page, async (answer) => ({
    ...answer,
    ...(await tokens(String(answer['token']), keys)),
    server_url: `ws://localhost:${port}`,
  }));
}

async function tokens(token: string, keys: Keys) {
  const signed = await resign(token, { iss: keys.apiKey }, keys.apiSecret);
  return { token: signed, participant_token: signed };
}
