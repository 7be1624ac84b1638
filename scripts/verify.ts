/** `npm run verify`: says why LiveKit refuses a token, or that it accepts it. */
import process from 'node:process';
import { roles } from '../lib/contract.ts';
import { parseLiveKitCredentials, UnusableCredentials } from '../lib/secret/livekit-credentials.ts';
import { secretReader } from '../lib/secret/secrets-manager.ts';
import { checkOf } from '../token-check/check.ts';
import { answerTo } from '../token-check/finding.ts';
import { judgePasted } from '../token-check/judge-token.ts';
import { ask } from './checks/ask.ts';
import { BadUse, readCommand, readRole, run } from './checks/command.ts';
import { paint, tableOf } from './checks/table.ts';

const help = `Says for each claim of a meeting token whether it is right for LiveKit and for a reading club.

  npm run verify                        asks for the token, and does not show it
  npm run verify < answer.json          the token, or a whole answer of the endpoint, from a pipe or file
  LIVEKIT_TOKEN=… npm run verify        the token from the environment

  --room reading-club-123   the room that it should be for
  --reader user-001         the reader that it should be for
  --role member             what the reader should be: ${roles.join(', ')}
  --secret-id booky/livekit takes the API key and secret to compare with from Secrets Manager
  --json                    prints JSON ("npm run -s verify -- --json" prints nothing else)
  --help                    this

Key and signature are compared with LIVEKIT_API_KEY and LIVEKIT_API_SECRET where these are set.
Without --secret-id nothing leaves this machine. The token can't be an argument, and is never printed.
Exit status: 0 nothing wrong, 1 a cross or a refusal in the pasted text, 2 bad use.
`;

/** How long to wait for Secrets Manager, in milliseconds. */
const secretTimeoutMs = 10_000;

await run(async () => {
  const options = readCommand(help, {
    room: { type: 'string' },
    reader: { type: 'string' },
    role: { type: 'string' },
    'secret-id': { type: 'string' },
    json: { type: 'boolean' },
  });
  const role = readRole(options.role);
  const keys = await readKeys(options['secret-id']);

  const input = process.env['LIVEKIT_TOKEN'] || (await ask('Paste the token'));
  if (input.trim() === '') throw new BadUse('There is no token: pipe it in, or put it into LIVEKIT_TOKEN.');
  const { room, reader } = options;
  const pasted = await judgePasted(input, { room, reader, role, ...keys });
  const { findings, explanation, conclusion } = pasted;
  const isWell = explanation === undefined && findings.every(({ verdict }) => verdict !== 'bad');
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ answer: answerTo(findings), findings, explanation }, null, 2)}\n`,
    );
  } else if (explanation && findings[0]?.claim === 'token') {
    process.stdout.write(`This is an error message, not a token. ${conclusion}\n`);
  } else {
    const table = tableOf(findings.map(checkOf), process.stdout);
    process.stdout.write(`${table}\n${paint(isWell ? 'green' : 'red', conclusion, process.stdout)}\n`);
  }
  return isWell ? 'well' : 'wrong';
});

/** The credentials to compare key and signature with, where they are known. */
async function readKeys(secretId: string | undefined): Promise<{ apiKey?: string; apiSecret?: string }> {
  if (secretId === undefined) {
    const [apiKey, apiSecret] = [process.env['LIVEKIT_API_KEY'], process.env['LIVEKIT_API_SECRET']];
    return { ...(apiKey && { apiKey }), ...(apiSecret && { apiSecret }) };
  }
  try {
    const read = secretReader(secretId, secretTimeoutMs);
    const secret = await read('AWSCURRENT', AbortSignal.timeout(secretTimeoutMs));
    // The server's URL is not used here, so a secret without one gets any URL.
    const { apiKey, apiSecret } = parseLiveKitCredentials(secret.text, {
      url: 'ws://localhost',
      isLoopback: true,
    });
    return { apiKey, apiSecret };
  } catch (error) {
    if (error instanceof UnusableCredentials) throw new BadUse(error.message);
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new BadUse(`The secret of --secret-id can't be read: ${reason}`);
  }
}
