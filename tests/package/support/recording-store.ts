import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from '../../support/listen.ts';
import { anyKeys, credentials } from './environment.ts';

/** A request, unchanged. */
export interface Read {
  method: string | undefined;
  /** Path and query. */
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** When a read was signed, in milliseconds since the epoch, to the second. */
export function signedAt(headers: IncomingHttpHeaders): number {
  const text = String(headers['x-amz-date']);
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)/, '$1-$2-$3:$4:'));
}

/** A secret store that checks nothing, and records what the stand-in does not: requests and connections. */
export interface RecordingStore {
  environment: Record<'AWS_ENDPOINT_URL_SECRETS_MANAGER', string> & Record<string, string>;
  /** Each read so far. */
  reads: readonly Read[];
  /** How many connections were ever opened, and how many of them are still open. */
  readonly connections: { opened: number; open: number };
}

export type Answer = (response: ServerResponse) => void;

export const withSecret: Answer = (response) => {
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  response.end(JSON.stringify({ VersionId: 'v1', SecretString: JSON.stringify(credentials) }));
};

export const withDenial: Answer = (response) => {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
};

export const never: Answer = () => {};

const dead = new WeakSet<Socket>();

/** Answers once on each connection. After that the connection stays open but never answers. */
export const withSecretAndSilence: Answer = (response) => {
  const { socket } = response;
  if (socket === null || dead.has(socket)) return;
  dead.add(socket);
  withSecret(response);
};

/** Answers the reads one after the other as `answers` say, and the last of these from then on. */
export async function startRecordingStore(...answers: readonly Answer[]): Promise<RecordingStore> {
  const reads: Read[] = [];
  const connections = { opened: 0, open: 0 };
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    const answer = answers[reads.length] ?? answers.at(-1);
    reads.push({ method, url, headers, body });
    answer?.(response);
  });
  server.on('connection', (socket) => {
    connections.opened += 1;
    connections.open += 1;
    socket.on('close', () => {
      connections.open -= 1;
    });
  });
  const port = await listen(server);
  return {
    environment: {
      ...anyKeys,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
    },
    reads,
    connections,
  };
}
