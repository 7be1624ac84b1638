import { once } from 'node:events';
import { type IncomingHttpHeaders, IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** The answer to a request whose header `Host` is this, whatever the URL's host; `fetch` would not send it. */
export async function requestAs(
  host: string,
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }> {
  const { method = 'GET', headers = {}, body } = options;
  const sent = request(url, { method, headers: { ...headers, host } }).end(body);
  const [response] = await once(sent, 'response');
  if (!(response instanceof IncomingMessage)) throw new Error('There is no response.');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
