import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import * as v from 'valibot';

/** On this channel Node announces each request when it starts to write it. */
const channel = 'http.client.request.start';

const announcement = v.object({ request: v.instance(EventEmitter) });

/**
 * Resolves when the next HTTP request of this process is sent: connected, TLS handshake done, and completely written. Never
 * resolves if there is no request or it fails earlier.
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
