/**
 * Serves the meeting page. Vite builds it in memory at the start, so the browser gets it like a deployed front end, from another
 * origin than the API's.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { listenOnLoopback } from '../../stand-ins/listen-on-loopback.ts';
import { refuseOtherHost } from '../../stand-ins/loopback-host.cjs';
import type { PageSettings } from './src/settings.ts';

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
};

const headers = {
  /** LiveKit's URL comes with the token, so the page may connect to any host; its code may come only from this server. */
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    'media-src blob:',
    'connect-src http: https: ws: wss:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface Page {
  /** The origin that the page's requests come from: `http://localhost:<port>`. */
  url: string;
  close: () => Promise<void>;
}

/**
 * Builds and serves the page; rejects with the system's error when it can't listen on the port.
 *
 * @param options.port on 127.0.0.1; 0 lets the system choose
 */
export async function startPage(options: { port: number; settings: PageSettings }): Promise<Page> {
  const files = await buildPage();
  files.set('/settings.json', JSON.stringify(options.settings));
  const server = createServer((request, response) => {
    if (refuseOtherHost(request, response)) return;
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    const body = files.get(path);
    const type = contentTypes[path.replace(/.*\./, '')];
    if (body === undefined || type === undefined) response.writeHead(404).end('Not found\n');
    else response.writeHead(200, { 'content-type': type, ...headers }).end(body);
  });
  const port = await listenOnLoopback(server, options.port);
  return {
    url: `http://localhost:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The built files by their path in a URL. */
async function buildPage(): Promise<Map<string, string | Uint8Array>> {
  const result = await build({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    envDir: false,
    publicDir: false,
    resolve: { tsconfigPaths: true },
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2_000,
    },
  });
  if (!('output' in result)) throw new Error('Vite gave no single build of the page');
  return new Map(
    result.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]),
  );
}
