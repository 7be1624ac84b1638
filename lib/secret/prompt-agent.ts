import { Agent } from 'node:https';

/**
 * Opens connections over TLS, and destroys those that take longer than `longestMs` milliseconds. A timer can't do this: after a
 * freeze, Node handles the rest of the handshake before any timer. It would then send a request that was signed before the
 * freeze.
 */
export class PromptAgent extends Agent {
  readonly #longestMs: number;

  constructor(longestMs: number) {
    super({ keepAlive: true });
    this.#longestMs = longestMs;
  }

  override createConnection(...args: Parameters<Agent['createConnection']>) {
    const startedAt = Date.now();
    const socket = super.createConnection(...args);
    // The request that waits for the connection is sent after this listener.
    socket?.once('secureConnect', () => {
      const tookMs = Date.now() - startedAt;
      if (tookMs <= this.#longestMs) return;
      // This code makes the SDK retry, with a new signature.
      const late = new Error(`The connection took ${tookMs} ms.`);
      socket.destroy(Object.assign(late, { code: 'ETIMEDOUT' }));
    });
    return socket;
  }
}
