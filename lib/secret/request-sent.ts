import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import * as v from 'valibot';

/** Where Node announces each request as it is written. */
const channel = 'http.client.request.start';

const announcement = v.object({ request: v.instance(EventEmitter) });

/**
 * Resolves when the next HTTP request of this process has been handed to the network: connected, the TLS handshake done, and
 * written to its end. Never resolves where there is none or it fails before.
 */
export function nextRequestSent(): Promise<void> {
  return new Promise((resolve) => {
    const onStart = (message: unknown) => {
      if (!v.is(announcement, message)) return;
      unsubscribe(channel, onStart);
      message.request.once('finish', resolve);
    };
    subscribe(channel, onStart);
  });
}
