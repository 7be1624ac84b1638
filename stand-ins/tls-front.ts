import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { serveOnLoopback } from './listen-on-loopback.ts';

/**
 * Makes a stand-in for Secrets Manager, which speaks no TLS, reachable over TLS, as the real one is.
 *
 * @param target the server to pass everything on to, as `http://127.0.0.1:…`
 */
export async function startTlsFront(target: string) {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const directory = await mkdtemp(join(tmpdir(), 'booky-certificate-'));
  const certificateFile = join(directory, 'certificate.pem');
  await writeFile(certificateFile, cert);

  // As AWS does: or else an answer would wait for the client's delayed acknowledgement of the handshake, 40 ms.
  const server = createServer({ key, cert, noDelay: true }, (client) => {
    const upstream = connect({ port: Number(new URL(target).port), host: '127.0.0.1', noDelay: true });
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  // A client that does not trust the certificate hangs up in the middle of the handshake.
  server.on('tlsClientError', () => {});
  const { port, close } = await serveOnLoopback(server);

  return {
    /** Points the AWS SDK to `https://localhost:…`, and makes Node trust the self-signed certificate. */
    environment: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://localhost:${port}`,
      NODE_EXTRA_CA_CERTS: certificateFile,
    },
    close: async () => {
      await close();
      await rm(directory, { recursive: true });
    },
  };
}
