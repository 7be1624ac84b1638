import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';

/** Where Node announces each request as it is written. */
const channel = 'http.client.request.start';

/**
 * Resolves when the next HTTP request of this process has been handed to the network: connected, the TLS handshake done, and
 * written to its end. Never resolves where there is none or it fails before.
 */
export function nextRequestSent(): Promise<void> {
  return new Promise((resolve) => {
    const onStart = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !('request' in message)) return;
      if (!(message.request instanceof EventEmitter)) return;
      unsubscribe(channel, onStart);
      message.request.once('finish', resolve);
    };
    subscribe(channel, onStart);
  });
}
