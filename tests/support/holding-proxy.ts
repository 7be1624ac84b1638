import { connect, createServer } from 'node:net';
import { listen } from './listen.ts';

/** Passes everything on, both ways, but can hold back what the server sends. */
export interface HoldingProxy {
  port: number;
  /** How many connections were opened since `hold()`. */
  readonly waiting: number;
  /** From now on nothing that the server says on a new connection arrives. */
  hold: () => void;
  /** Hands over what was held back. */
  release: () => void;
}

/** Starts one on 127.0.0.1, which ends with the test. */
export async function startHoldingProxy(serverPort: number): Promise<HoldingProxy> {
  const held: (() => void)[] = [];
  let isHolding = false;
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {}).on('close', () => other.destroy());
    }
    client.pipe(upstream);
    if (isHolding) held.push(() => upstream.pipe(client));
    else upstream.pipe(client);
  });
  const port = await listen(server);
  return {
    port,
    get waiting() {
      return held.length;
    },
    hold: () => {
      isHolding = true;
    },
    release: () => {
      isHolding = false;
      for (const release of held.splice(0)) release();
    },
  };
}
