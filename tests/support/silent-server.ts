import { createServer, type Server } from 'node:net';
import { listen } from './listen.ts';

/** A server on loopback that accepts connections and never answers; ends with the test. */
export async function startSilentServer(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.on('connection', (socket) => socket.on('error', () => {}));
  const port = await listen(server);
  return { server, port };
}
