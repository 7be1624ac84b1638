/**
 * A stand-in for AWS Secrets Manager, for a laptop and the tests: what the AWS SDK sends to it and reads from it is
 * what it would exchange with the service itself, the request's signature and the error answers included.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { serveOnLoopback } from './listen-on-loopback.ts';
import { isSigned, type Signer } from './sigv4.ts';

/** The errors that a read can be told to end with, with their HTTP status. */
const statuses = {
  AccessDeniedException: 400,
  DecryptionFailure: 400,
  InternalServiceError: 500,
  InvalidRequestException: 400,
  ServiceUnavailable: 503,
  ThrottlingException: 400,
} as const;

/** A way for a read to go wrong: an error of the service, never an answer, or a connection cut without one. */
export type Fault = keyof typeof statuses | 'hang' | 'drop';

export type SecretsManagerStandIn = Awaited<ReturnType<typeof startSecretsManager>>;

interface Secret {
  arn: string;
  /** Those with a label, the newest first: AWSCURRENT, AWSPREVIOUS. */
  versions: { id: string; value: string; createdAt: Date }[];
}

const labels = ['AWSCURRENT', 'AWSPREVIOUS'];

const contentType = 'application/x-amz-json-1.1';

/** What a read asks for. */
const wantedSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictObject({ SecretId: v.string(), VersionStage: v.optional(v.string(), 'AWSCURRENT') }),
);
type Wanted = v.InferOutput<typeof wantedSchema>;

/** An answer other than 200; `type` is what SDKs throw it as. */
class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  readonly type: string;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/**
 * Starts an empty one, with new credentials that no other process knows.
 *
 * @param options.region the region for which requests must be signed; `us-east-1` by default.
 */
export async function startSecretsManager(options: { region?: string } = {}) {
  const signer: Signer = {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(60).toString('base64'),
    region: options.region ?? 'us-east-1',
    service: 'secretsmanager',
  };
  const secrets = new Map<string, Secret>();
  let reads = 0;
  let fault: Fault | undefined;
  let faultsLeft = 0;
  const answered = new WeakSet<Socket>();

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const wanted = await parseRequest(request, signer);
    reads += 1;
    const fails = faultsLeft > 0 ? fault : undefined;
    faultsLeft = Math.max(0, faultsLeft - 1);

    if (standIn.latencyMs > 0) await delay(standIn.latencyMs, undefined, { signal: closing.signal });
    if (fails === 'hang' || (standIn.diesInSilence && answered.has(request.socket))) return;
    answered.add(request.socket);
    if (fails === 'drop') {
      request.socket.destroy();
      return;
    }
    if (fails) throw new ServiceError(fails, `${fails}, as the stand-in was told.`, statuses[fails]);
    send(response, 200, getSecretValue(secrets, wanted));
  };

  const closing = new AbortController();
  // Every answer that is delayed listens to it.
  setMaxListeners(0, closing.signal);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof ServiceError) {
        send(response, error.status, { __type: error.type, message: error.message });
      } else {
        // The connection is closed, or the stand-in is closing: no client waits for an answer.
        request.socket.destroy();
      }
    });
  });
  const { port, close } = await serveOnLoopback(server);
  const url = `http://127.0.0.1:${port}`;

  const standIn = {
    /** Where it listens: a free port of 127.0.0.1. */
    url,
    /** The environment variables with which an AWS SDK finds it and signs as it expects. */
    environment: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_REGION: signer.region,
      AWS_ACCESS_KEY_ID: signer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: signer.secretAccessKey,
      AWS_SESSION_TOKEN: signer.sessionToken,
    },
    /** Creates the secret of this name, or rotates it: the value before becomes AWSPREVIOUS. */
    put: (name: string, value: string) => {
      const secret = secrets.get(name) ?? { arn: newArn(signer.region, name), versions: [] };
      const versionId = randomUUID();
      secret.versions = [{ id: versionId, value, createdAt: new Date() }, ...secret.versions.slice(0, 1)];
      secrets.set(name, secret);
      return { arn: secret.arn, versionId };
    },
    /** How many correctly signed reads have arrived since the start, answered or not. */
    get reads() {
      return reads;
    },
    /** Milliseconds before each answer from now on. */
    latencyMs: 0,
    /** Whether a connection dies in silence after its first answer: what comes on it is not answered, nor is it closed. */
    diesInSilence: false,
    /** The next `times` reads go wrong in this way; without `times`, all until `recover()`. */
    failWith: (next: Fault, times = Number.POSITIVE_INFINITY) => {
      fault = next;
      faultsLeft = times;
    },
    /** From now on reads are answered again. Those that hang keep hanging. */
    recover: () => {
      faultsLeft = 0;
    },
    /** Cuts every connection and frees the port. */
    close: () => {
      closing.abort();
      return close();
    },
  };
  return standIn;
}

/**
 * Accepts a `GetSecretValue` that is well formed and signed by `signer`.
 *
 * @returns what it asks for
 * @throws {ServiceError} as AWS would answer anything else
 */
async function parseRequest(request: IncomingMessage, signer: Signer): Promise<Wanted> {
  const { method = '', url, headers, headersDistinct } = request;
  const body = Buffer.concat(await request.toArray());
  if (!(await isSigned({ method, headers: headersDistinct, body }, signer, new Date()))) {
    const message = 'The request is not signed with these credentials, was changed, or is not recent.';
    throw new ServiceError('InvalidSignatureException', message);
  }
  if (method !== 'POST' || url !== '/' || headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    throw new ServiceError('UnknownOperationException', 'The stand-in knows GetSecretValue alone.');
  }
  const wanted = v.safeParse(wantedSchema, body.toString());
  if (!wanted.success || headers['content-type'] !== contentType) {
    throw new ServiceError('SerializationException', 'It is no GetSecretValue of a name and a label.');
  }
  return wanted.output;
}

function getSecretValue(secrets: ReadonlyMap<string, Secret>, { SecretId: id, VersionStage: label }: Wanted) {
  const [name, secret] = [...secrets].find(([name, { arn }]) => id === name || id === arn) ?? [];
  const version = secret?.versions[labels.indexOf(label)];
  if (secret === undefined || version === undefined) {
    const what = secret === undefined ? '' : ` value for staging label: ${label}`;
    const message = `Secrets Manager can't find the specified secret${what}.`;
    throw new ServiceError('ResourceNotFoundException', message);
  }
  return {
    ARN: secret.arn,
    Name: name,
    VersionId: version.id,
    SecretString: version.value,
    VersionStages: [label],
    CreatedDate: version.createdAt.getTime() / 1000,
  };
}

/** Secrets Manager ends each ARN with a hyphen and six characters of its own choice. */
function newArn(region: string, name: string): string {
  return `arn:aws:secretsmanager:${region}:123456789012:secret:${name}-${randomBytes(3).toString('hex')}`;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': contentType,
    'x-amzn-requestid': randomUUID(),
  });
  response.end(JSON.stringify(body));
}
