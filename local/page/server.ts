/**
 * Serves the meeting page. esbuild bundles it in memory at the start, so the browser gets it like a deployed front end, from another
 * origin than the API's.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { serveOnLoopback } from '../../stand-ins/listen-on-loopback.ts';
import { refuseOtherHost } from '../../stand-ins/loopback-host.cjs';
import type { PageSettings } from './src/settings.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));
const headers = {
  /** LiveKit's URL comes with the token, so the page may connect to any host; its code may come only from this server. */
  'content-security-policy': [
    "default-src 'self'",
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

/**
 * Builds and serves the page; rejects with the system's error when it can't listen on the port.
 *
 * @param options.port on 127.0.0.1; 0 lets the system choose
 * @returns `url` is the origin that the page's requests come from: `http://localhost:<port>`
 */
export async function startPage(options: { port: number; settings: PageSettings }) {
  const { outputFiles } = await build({
    ...{ entryPoints: [`${directory}src/main.tsx`], outdir: directory, write: false },
    ...{ bundle: true, minify: true, format: 'esm', logLevel: 'warning' },
  });
  const built = (extension: string) =>
    outputFiles.find(({ path }) => path.endsWith(extension))?.contents ?? '';
  const files: Readonly<Record<string, [type: string, body: string | Uint8Array]>> = {
    '/': ['text/html', await readFile(`${directory}index.html`)],
    '/main.js': ['text/javascript', built('.js')],
    '/main.css': ['text/css', built('.css')],
    '/settings.json': ['application/json', JSON.stringify(options.settings)],
  };
  const server = createServer((request, response) => {
    if (refuseOtherHost(request, response)) return;
    const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
    if (file === undefined) response.writeHead(404).end('Not found\n');
    else response.writeHead(200, { 'content-type': file[0], ...headers }).end(file[1]);
  });
  const { port, close } = await serveOnLoopback(server, options.port);
  return { url: `http://localhost:${port}`, close };
}
