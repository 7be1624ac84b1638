import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { generate } from 'selfsigned';
import { listen } from './listen.ts';

interface Answering {
  status: number;
  body: string;
  headers?: Record<string, string>;
  /** With a certificate that no authority has signed. */
  tls?: boolean;
}

/** Starts a server on loopback that gives this answer to each request, until the test ends. Returns its `ws:` URL. */
export async function startAnswering({
  status,
  body,
  headers = {},
  tls = false,
}: Answering): Promise<string> {
  const answer: Parameters<typeof createServer>[1] = (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
  const server = tls ? createTlsServer(await certificate(), answer) : createServer(answer);
  const port = await listen(server);
  return `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}`;
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  return { key, cert };
}
