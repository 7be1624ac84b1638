/** CloudFormation and S3 on loopback, as far as a release asks them, with what a test says is deployed; and a `serverless` beside them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { listen } from './listen.ts';

const folder = 'serverless/booky-meeting-token/prod';

/** A version's package folder: packaged at that second of the year 2026. */
export function versionAt(second: number): string {
  const date = new Date(Date.UTC(2026, 0, 1) + second * 1000);
  return `${date.getTime()}-${date.toISOString()}`;
}

interface Stack {
  status: string;
  version: string;
  commit?: string;
  url?: string;
  /** What it is once it was read. */
  next?: Stack | undefined;
}

export interface Aws {
  /** Nothing where there is no stack. */
  stack: Stack | undefined;
  /** CloudFormation refuses everything: the credentials have expired. */
  isDenied: boolean;
  /** S3 refuses everything. */
  isBucketDenied: boolean;
  /** The bucket's keys within the stage's folder. */
  objects: Set<string>;
  /** Who has called, by access key. */
  callers: Set<string>;
  /** The commands that the CLI was called with. */
  commands: string[][];
  /** What the CLI does: its exit status. Called with its arguments, its variables and its process's id. */
  cli: (args: readonly string[], variables: Record<string, string>, pid: number) => number | Promise<number>;
  /** A working directory with that CLI. */
  directory: string;
  /** The variables with which a release calls all of this. */
  environment: Record<string, string>;
  /** Puts a whole package into the bucket. */
  upload: (name: string) => void;
}

/** Ends with the test. Version 1 is in place, has passed its checks, and is uploaded. */
export async function startAws(): Promise<Aws> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-release-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const aws: Aws = {
    stack: { status: 'UPDATE_COMPLETE', version: versionAt(1) },
    isDenied: false,
    isBucketDenied: false,
    objects: new Set(),
    callers: new Set(),
    commands: [],
    cli: () => 0,
    directory,
    environment: {},
    upload: (name) => {
      for (const file of ['compiled-cloudformation-template.json', 'token.zip']) {
        aws.objects.add(`${name}/${file}`);
      }
    },
  };
  aws.upload(versionAt(1));
  aws.upload(`passed/${versionAt(1)}`);
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.url === '/cli') {
      const { args, env, pid } = JSON.parse(body);
      aws.commands.push(args);
      response.end(String(await aws.cli(args, env, pid)));
      return;
    }
    aws.callers.add(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const { status, xml } =
      request.url === '/' ? cloudFormation(aws, new URLSearchParams(body)) : s3(aws, request, body);
    response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  const bin = join(directory, 'node_modules/serverless/bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'serverless.js'), cli(url));
  aws.environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'theirs',
    AWS_SECRET_ACCESS_KEY: 'secret',
    SLS_AWS_MONITORING_FREQUENCY: '50',
    HOME: directory,
  };
  return aws;
}

/** It asks the test what it does, and ends when it is asked to, as any program. */
const cli = (url: string) => `
fetch('${url}/cli', { method: 'POST', body: JSON.stringify({ args: process.argv.slice(2), env: process.env, pid: process.pid }) })
  .then((response) => response.text())
  .then((code) => process.exit(Number(code)));
`;

const tag = (name: string, content: string) => `<${name}>${content}</${name}>`;
const quoted = (value: string) =>
  value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

function cloudFormation(aws: Aws, query: URLSearchParams): { status: number; xml: string } {
  const { stack, isDenied } = aws;
  const fault = (code: string, message: string) => ({
    status: 400,
    xml: tag('ErrorResponse', tag('Error', tag('Code', code) + tag('Message', message))),
  });
  if (isDenied) return fault('ExpiredToken', 'The security token included in the request is expired');
  if (stack === undefined)
    return fault('ValidationError', 'Stack with id booky-meeting-token-prod does not exist');
  const action = query.get('Action') ?? '';
  const isRead = action === 'GetTemplate' || stack.status.endsWith('_IN_PROGRESS');
  if (isRead && stack.next !== undefined) aws.stack = stack.next;
  const output = (key: string, value: string) =>
    tag('member', tag('OutputKey', key) + tag('OutputValue', quoted(value)));
  const template = {
    Metadata: { release: { commit: stack.commit ?? '' } },
    Resources: {
      TokenLambdaFunction: { Properties: { Code: { S3Key: `${folder}/${stack.version}/token.zip` } } },
    },
  };
  const outputs =
    output('ServerlessDeploymentBucketName', 'bucket') + output('TokenEndpointUrl', stack.url ?? '');
  const result =
    action === 'GetTemplate'
      ? tag('TemplateBody', quoted(JSON.stringify(template)))
      : tag('Stacks', tag('member', tag('StackStatus', stack.status) + tag('Outputs', outputs)));
  return { status: 200, xml: tag(`${action}Response`, tag(`${action}Result`, result)) };
}

function s3({ objects, isBucketDenied }: Aws, { method, url = '', headers }: IncomingMessage, body: string) {
  if (isBucketDenied) return { status: 403, xml: tag('Error', tag('Code', 'AccessDenied')) };
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const within = (key: string) => decodeURIComponent(key).replace(`/bucket/${folder}/`, '');
  if (method === 'PUT') {
    const copied = headers['x-amz-copy-source'];
    const source = within(`/${copied}`);
    if (copied !== undefined && !objects.has(source))
      return { status: 404, xml: tag('Error', tag('Code', 'NoSuchKey')) };
    objects.add(within(pathname));
    return { status: 200, xml: tag('CopyObjectResult', tag('ETag', 'x')) };
  }
  if (method === 'POST') {
    for (const [, key = ''] of body.matchAll(/<Key>([^<]*)<\/Key>/g))
      objects.delete(within(`/bucket/${key}`));
    return { status: 200, xml: '<DeleteResult/>' };
  }
  const prefix = searchParams.get('prefix') ?? '';
  const keys = [...objects].map((key) => `${folder}/${key}`).filter((key) => key.startsWith(prefix));
  return {
    status: 200,
    xml: tag('ListBucketResult', keys.map((key) => tag('Contents', tag('Key', key))).join('')),
  };
}
