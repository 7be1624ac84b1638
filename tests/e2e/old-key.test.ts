/** The last step of the way out, as SECURITY.md has it: is the key that was in browsers refused? */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { startAnswering } from '../support/livekit-answering.ts';
import { after, before, type Keys, useServers } from './support/rotation.ts';

const { startServer } = useServers();

/** What `npm run old-key` says of these keys, and its exit status. */
function check(environment: NodeJS.ProcessEnv): Promise<{ status: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(
      'npm',
      ['run', '-s', 'old-key'],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

const at = (port: number, { apiKey, apiSecret }: Keys) => ({
  OLD_LIVEKIT_API_KEY: apiKey,
  OLD_LIVEKIT_API_SECRET: apiSecret,
  LIVEKIT_WS_URL: `ws://localhost:${port}`,
});

test('a key that LiveKit has not any more is refused', async () => {
  const port = await freePort();
  await startServer(port, after);
  const { status, output } = await check(at(port, before));
  expect(output).toBe(
    `The old key opens nothing any more. LiveKit answered: 401 “invalid API key: ${before.apiKey}”.\n`,
  );
  expect(status).toBe(0);
});

test('a key that LiveKit still has is not, whatever the secret', async () => {
  const port = await freePort();
  await startServer(port, before);
  expect(await check(at(port, before))).toEqual({
    status: 1,
    output: expect.stringContaining('The old key still opens every room'),
  });
  const { status, output } = await check(at(port, { ...before, apiSecret: after.apiSecret }));
  expect(status).toBe(1);
  expect(output).toContain('may still be there');
  expect(output).not.toMatch(/eyJ/);
});

test.each([
  ['invalid API key', 0],
  // The key may be fine, in another project.
  ['invalid API key for domain project.livekit.cloud', 1],
  ['invalid authorization token: token signature is invalid: signature is invalid', 1],
])('a newer LiveKit’s and LiveKit Cloud’s words are understood: %s', async (body, status) => {
  const url = await startAnswering({ status: 401, body });
  expect(await check({ ...at(0, before), LIVEKIT_WS_URL: url })).toMatchObject({ status });
});

test('nothing is said of a key where no server answers, or none is named', async () => {
  const nowhere = await check(at(await freePort(), before));
  expect(nowhere).toEqual({
    status: 1,
    output: expect.stringContaining('No LiveKit server answers at ws://localhost'),
  });
  const { OLD_LIVEKIT_API_SECRET: _, ...incomplete } = at(7880, before);
  expect(await check(incomplete)).toMatchObject({ status: 2 });
  expect(await check({ ...at(7880, before), LIVEKIT_WS_URL: '' })).toMatchObject({ status: 2 });
});
