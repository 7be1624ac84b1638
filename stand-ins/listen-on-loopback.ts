import { once } from 'node:events';
import type { Server, Socket } from 'node:net';

/** Listens on this port of 127.0.0.1; on 0 the system chooses one. Rejects where the port is taken. @returns the port */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

/** Listens as `listenOnLoopback` does. @returns the port, and what ends the server with all its connections */
export async function serveOnLoopback(
  server: Server,
  wanted = 0,
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  const port = await listenOnLoopback(server, wanted);
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, close };
}
