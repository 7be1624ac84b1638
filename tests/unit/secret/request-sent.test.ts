import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nextRequestSent } from '../../../lib/secret/request-sent.ts';
import { startSilentServer } from '../../support/silent-server.ts';

/** Whether the promise is settled by the end of the turn of the event loop in which everything that is due has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  promise.then(() => {
    settled = true;
  });
  await nextTurn();
  return settled;
}

test('tells when a request has been sent, and not when it is merely begun', async () => {
  const { server, port } = await startSilentServer();
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

test('waits for the handshake of a request over TLS', async () => {
  const { server, port } = await startSilentServer();
  const sent = nextRequestSent();
  const client = requestOverTls({ host: '127.0.0.1', port, method: 'POST' }).on('error', () => {});
  client.end('all of it');
  const [socket]: Socket[] = await once(server, 'connection');
  // The client's part of the handshake has arrived, and no answer will.
  await once(socket ?? server, 'data');
  expect(await isSettled(sent)).toBe(false);
});

test('follows one request, and then lets go of all the others', async () => {
  const { port } = await startSilentServer();
  const sent = nextRequestSent();
  expect(channel('http.client.request.start').hasSubscribers).toBe(true);
  request({ host: '127.0.0.1', port, method: 'POST' })
    .on('error', () => {})
    .end();
  await sent;
  expect(channel('http.client.request.start').hasSubscribers).toBe(false);
});

test.each([undefined, {}, { request: {} }])(
  'ignores an announcement that is not about a request: %j',
  async (message) => {
    const { port } = await startSilentServer();
    const sent = nextRequestSent();
    channel('http.client.request.start').publish(message);
    request({ host: '127.0.0.1', port, method: 'POST' })
      .on('error', () => {})
      .end();
    await sent;
  },
);
