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
import { BadUse, run } from './checks/command.ts';

const {
  OLD_LIVEKIT_API_KEY: apiKey,
  OLD_LIVEKIT_API_SECRET: apiSecret,
  LIVEKIT_WS_URL: liveKitUrl = '',
} = process.env;

await run(async () => {
  const server = parseLiveKitUrl(liveKitUrl);
  if (!apiKey || !apiSecret || server === undefined) {
    throw new BadUse(
      `Set OLD_LIVEKIT_API_KEY and OLD_LIVEKIT_API_SECRET to the key that was deleted, and LIVEKIT_WS_URL to ${liveKitUrlRule}.`,
    );
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
  const [words = ''] = notes;
  if (code === 'unknown-key') {
    console.log(`The old key opens nothing any more. ${words}`);
    return 'well';
  }
  if (code === 'let-in') console.error('The old key still opens every room: delete it in LiveKit.');
  else if (/^(livekit-|not-livekit)/.test(code)) {
    console.error(`No LiveKit server answers at ${value}: nothing is known of the key.`);
  } else {
    console.error(`LiveKit does not say that it does not know the key, so it may still be there. ${words}`);
  }
  return 'wrong';
});
