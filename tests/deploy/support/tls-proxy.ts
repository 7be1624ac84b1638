import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll } from 'vitest';
import { awsCommand } from '../../../scripts/rehearsal/aws.ts';
import type { MiniStack } from '../../../scripts/rehearsal/ministack.ts';
import { listenOnLoopback } from '../../../stand-ins/listen-on-loopback.ts';

/**
 * Has MiniStack believe that it is called over TLS, as AWS is: the policy of a deployment bucket refuses all else. It takes a
 * proxy's word for it. Ends after the file's tests.
 *
 * @returns the same AWS from there, and the permissions of CloudFormation and S3 that calls from there have needed
 */
export async function throughTls<Cloud extends MiniStack>(cloud: Cloud) {
  const needed = new Set<string>();
  const server = createServer(async (incoming, answer) => {
    const body = await buffer(incoming);
    for (const permission of permissionsFor(incoming, body.toString())) needed.add(permission);
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' };
    const { method = 'GET', url = '' } = incoming;
    request(`${cloud.url}${url}`, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    })
      .on('error', () => answer.destroy())
      .end(body);
  });
  const port = await listenOnLoopback(server);
  afterAll(() => server.close());
  const environment = { ...cloud.environment, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
  return { aws: { ...cloud, environment, aws: awsCommand(environment) }, needed };
}

/** CloudFormation's action is in its form; S3's follows from method and path. */
function permissionsFor({ method, url = '', headers }: IncomingMessage, body: string): string[] {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(headers.authorization ?? '')?.[1];
  if (service === 'cloudformation') return [`${service}:${new URLSearchParams(body).get('Action')}`];
  if (service !== 's3') return [];
  if (method === 'GET' && url.includes('list-type=')) return ['s3:ListBucket'];
  if (url.includes('?delete')) return ['s3:DeleteObject'];
  // A copy reads, too.
  const copied = 'x-amz-copy-source' in headers ? ['s3:GetObject'] : [];
  return [`s3:${method === 'PUT' ? 'Put' : 'Get'}Object`, ...copied];
}
