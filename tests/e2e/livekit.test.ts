/** The LiveKit server as `npm start` starts it. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort, isPortFree } from '../../local/ports.ts';
import { listenOnLoopback } from '../../stand-ins/listen-on-loopback.ts';
import { apiKey, apiSecret } from '../support/tokens.ts';

const binary = (await findLiveKit(process.env)) ?? expect.fail(howToGetLiveKit);
const servers: LiveKit[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('startLiveKit', () => {
  test('listens on loopback only, for signalling and for media, and frees its port when closed', async () => {
    const port = await freePort();
    const server = await startLiveKit({ binary, port, apiKey, apiSecret });
    servers.push(server);
    expect(server.url).toBe(`ws://localhost:${port}`);
    expect((await addressesOfChildren()).sort()).toEqual(['tcp 0100007F', 'udp 0100007F']);
    await server.close();
    expect(await isPortFree(port)).toBe(true);
  });

  test('says in one line which port is in use', async () => {
    const other = createServer();
    const port = await listenOnLoopback(other);
    await expect(startLiveKit({ binary, port, apiKey, apiSecret })).rejects.toThrow(
      new RegExp(`^The LiveKit server did not start: port ${port} is in use: .*LIVEKIT_WS_URL$`),
    );
    other.close();
  });

  test('reports a server that ends unexpectedly', async () => {
    const options = { binary: '/bin/false', port: await freePort(), apiKey, apiSecret };
    await expect(startLiveKit(options)).rejects.toThrow(/^The LiveKit server did not start: it ended with 1/);
  });
});

describe('findLiveKit', () => {
  test('takes the one that LIVEKIT_SERVER names', async () => {
    expect(await findLiveKit({ LIVEKIT_SERVER: binary, PATH: '' })).toBe(binary);
  });

  test('says so when that can’t be run', async () => {
    await expect(findLiveKit({ LIVEKIT_SERVER: '/no/such/server' })).rejects.toThrow(
      "LIVEKIT_SERVER names /no/such/server, which can't be run",
    );
  });
});

/** What the children of this process listen on, by the kernel's word: an IPv4 address in its byte order, `0100007F` for 127.0.0.1. */
async function addressesOfChildren(): Promise<string[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8')));
  const sockets = new Set<string | undefined>();
  for (const child of lists.join(' ').split(' ').filter(Boolean)) {
    for (const descriptor of await readdir(`/proc/${child}/fd`)) {
      const target = await readlink(`/proc/${child}/fd/${descriptor}`).catch(() => '');
      sockets.add(/^socket:\[(\d+)\]$/.exec(target)?.[1]);
    }
  }
  const found: string[] = [];
  for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const table = await readFile(`/proc/net/${protocol}`, 'utf8').catch(() => '');
    for (const line of table.split('\n')) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const isListening = protocol.startsWith('udp') || state === '0A';
      if (isListening && sockets.has(inode)) found.push(`${protocol} ${local.split(':')[0]}`);
    }
  }
  return found;
}
