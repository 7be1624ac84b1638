import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort, isPortFree } from '../../../local/ports.ts';

let server: Server | undefined;

async function listen(host: string, port: number) {
  server = createServer().listen(port, host);
  await once(server, 'listening');
}
afterEach(() => server?.close());

it('a free port is free, and stays so after the look', async () => {
  const port = await freePort();
  expect(await isPortFree(port)).toBe(true);
  await listen('127.0.0.1', port);
});

it.each(['127.0.0.1', '::1', '::', '0.0.0.0'])(
  'a port is not free when a server listens on %s',
  async (host) => {
    const port = await freePort();
    await listen(host, port);
    expect(await isPortFree(port)).toBe(false);
  },
);
