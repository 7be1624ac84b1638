import { once } from 'node:events';
import { createServer, request } from 'node:http';

export interface TlsProxy {
  url: string;
  close: () => void;
}

/**
 * Has MiniStack believe that it is called over TLS, as AWS is: the policy of a deployment bucket refuses all else. It takes a
 * proxy's word for it.
 */
export async function startTlsProxy(target: string): Promise<TlsProxy> {
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' };
    const outgoing = request(`${target}${incoming.url}`, { method: incoming.method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
