import { Agent } from 'node:https';

/**
 * Opens connections over TLS, and only those that stand within `longestMs` milliseconds. A timer does not see to that: where a
 * freeze comes between, the rest of the handshake waits at the thaw and is looked at before any timer. A request that was signed
 * before the freeze would then be sent after it.
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
    // What waits for the connection is sent after this.
    socket?.once('secureConnect', () => {
      const tookMs = Date.now() - startedAt;
      if (tookMs <= this.#longestMs) return;
      // By its code the SDK knows that another attempt, with a new signature, is worth it.
      const late = new Error(`The connection took ${tookMs} ms.`);
      socket.destroy(Object.assign(late, { code: 'ETIMEDOUT' }));
    });
    return socket;
  }
}
