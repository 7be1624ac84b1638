import { createServer } from 'node:net';
import { serveOnLoopback } from '../stand-ins/listen-on-loopback.ts';

/** Both addresses of `localhost`: another server on one of them would get requests that are meant for ours. */
const loopback = ['127.0.0.1', '::1'];

/** Whether no server listens on this port of the loopback interface, by IPv4 or IPv6. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of loopback) {
    const error = await tryToListen(port, host);
    // Any other error, for example on a machine without IPv6, does not mean another server.
    if (error?.code === 'EADDRINUSE') return false;
  }
  return true;
}

/** A port that was free a moment ago, for a server that can't report the port that the system chose. */
export async function freePort(): Promise<number> {
  const { port, close } = await serveOnLoopback(createServer());
  await close();
  return (await isPortFree(port)) ? port : freePort();
}

function tryToListen(port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
