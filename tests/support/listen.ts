import type { Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listenOnLoopback } from '../../stand-ins/listen-on-loopback.ts';

/** Listens on a free port of 127.0.0.1 until the test has ended, and then ends its connections too. @returns the port */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  const port = await listenOnLoopback(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}
