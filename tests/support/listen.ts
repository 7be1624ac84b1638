import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { serveOnLoopback } from '../../stand-ins/listen-on-loopback.ts';

/** Listens on a free port of 127.0.0.1 until the test has ended, and then ends its connections too. @returns the port */
export async function listen(server: Server): Promise<number> {
  const { port, close } = await serveOnLoopback(server);
  onTestFinished(close);
  return port;
}
