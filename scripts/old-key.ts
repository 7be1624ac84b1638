/**
 * `npm run old-key`: sends LiveKit a token signed with a deleted key, and says whether LiveKit refuses it. Exit status 0 if
 * LiveKit does not know the key, 1 if it does or if that is unclear, 2 if a variable is missing. It joins nothing and prints no
 * secret and no token.
 */
import process from 'node:process';
import { grants } from '../lib/grants.ts';
import { liveKitUrlRule, parseLiveKitUrl } from '../lib/livekit-url.ts';
import { mintToken } from '../lib/token.ts';
import { showToLiveKit } from '../token-check/show-to-livekit.ts';

const {
  OLD_LIVEKIT_API_KEY: apiKey,
  OLD_LIVEKIT_API_SECRET: apiSecret,
  LIVEKIT_WS_URL: liveKitUrl = '',
} = process.env;

process.exitCode = await check();

async function check(): Promise<0 | 1 | 2> {
  const server = parseLiveKitUrl(liveKitUrl);
  if (!apiKey || !apiSecret || server === undefined) {
    console.error(
      `Set OLD_LIVEKIT_API_KEY and OLD_LIVEKIT_API_SECRET to the key that was deleted, and LIVEKIT_WS_URL to ${liveKitUrlRule}.`,
    );
    return 2;
  }
  const { jwt } = await mintToken(
    {
      identity: 'old-key-check',
      name: 'Old key',
      room: 'reading-club-old-key-check',
      grant: grants.member,
      attributes: undefined,
      ttlSeconds: 120,
    },
    { apiKey, apiSecret, serverUrl: server.url },
  );
  const { code, value, notes } = await showToLiveKit(server.url, jwt);
  if (/^(livekit-|not-livekit)/.test(code)) {
    console.error(`No LiveKit server answers at ${value}: nothing is known of the key.`);
    return 1;
  }
  const [words = ''] = notes;
  if (code === 'unknown-key') {
    console.log(`The old key opens nothing any more. ${words}`);
    return 0;
  }
  console.error(
    code === 'let-in'
      ? 'The old key still opens every room: delete it in LiveKit.'
      : `LiveKit does not say that it does not know the key, so it may still be there. ${words}`,
  );
  return 1;
}
