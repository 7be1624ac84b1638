import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { nextRequestSent } from '../../lib/request-sent.ts';

/** The promise's state, as soon as what is under way on this machine has come to rest. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  promise.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

async function startServer() {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { server, port: address.port };
}

test('tells when a request has been sent, and not when it is merely begun', async () => {
  const { server, port } = await startServer();
  const sent = nextRequestSent();
  expect(await isSettled(sent)).toBe(false);

  const client = request({ host: '127.0.0.1', port, method: 'POST' }).on('error', () => {});
  client.write('the beginning');
  const [socket]: Socket[] = await once(server, 'connection');
  await once(socket ?? server, 'data');
  expect(await isSettled(sent)).toBe(false);

  client.end('and the end');
  await sent;
});

test('follows one request, and then lets go of all the others', async () => {
  const { port } = await startServer();
  const sent = nextRequestSent();
  expect(channel('http.client.request.start').hasSubscribers).toBe(true);
  request({ host: '127.0.0.1', port, method: 'POST' })
    .on('error', () => {})
    .end();
  await sent;
  expect(channel('http.client.request.start').hasSubscribers).toBe(false);
});
