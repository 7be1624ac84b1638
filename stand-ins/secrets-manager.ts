/**
 * A stand-in for AWS Secrets Manager, for a laptop and the tests: what the AWS SDK sends to it and reads from it is
 * what it would exchange with the service itself, the request's signature and the error answers included.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from './listen-on-loopback.ts';
import { findSignatureFault, type Signer } from './sigv4.ts';

/** The errors that `GetSecretValue` documents (and AWS's common ones), with their HTTP status. */
const statuses = {
  AccessDeniedException: 400,
  DecryptionFailure: 400,
  ExpiredTokenException: 400,
  InternalServiceError: 500,
  InvalidParameterException: 400,
  InvalidRequestException: 400,
  InvalidSignatureException: 400,
  ResourceNotFoundException: 400,
  ServiceUnavailable: 503,
  ThrottlingException: 400,
  UnrecognizedClientException: 400,
} as const;

/** A way for a read to go wrong: an error of the service, never an answer, or a connection cut without one. */
export type Fault = keyof typeof statuses | 'hang' | 'drop';

export interface SecretsManagerStandIn {
  /** Where it listens: a free port of 127.0.0.1. */
  url: string;
  /** The environment variables with which an AWS SDK finds it and signs as it expects. */
  environment: {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: string;
    AWS_REGION: string;
    AWS_ACCESS_KEY_ID: string;
    AWS_SECRET_ACCESS_KEY: string;
    AWS_SESSION_TOKEN: string;
  };
  /** Creates the secret of this name, or rotates it: the value before becomes AWSPREVIOUS. */
  put: (name: string, value: string) => { arn: string; versionId: string };
  /** How many correctly signed reads have arrived since the start, answered or not. */
  readonly reads: number;
  /** Milliseconds before each answer from now on; 0 at the start. */
  latencyMs: number;
  /** Whether a connection dies in silence after its first answer: what comes on it is not answered, nor is it closed. */
  diesInSilence: boolean;
  /** The next `times` reads go wrong in this way; without `times`, all until `recover()`. */
  failWith: (fault: Fault, times?: number) => void;
  /** From now on reads are answered again. Those that hang keep hanging. */
  recover: () => void;
  /** Cuts every connection and frees the port. */
  close: () => Promise<void>;
}

interface Version {
  id: string;
  value: string;
  createdAt: Date;
}

interface Secret {
  name: string;
  arn: string;
  /** The newest first: AWSCURRENT, AWSPREVIOUS, then those without a label. */
  versions: Version[];
}

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
export async function startSecretsManager(options: { region?: string } = {}): Promise<SecretsManagerStandIn> {
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
    const body = Buffer.concat(await request.toArray());
    const readSecret = await parseRequest(request, body, signer);
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
    send(response, 200, readSecret(secrets));
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
  const port = await listenOnLoopback(server);
  const url = `http://127.0.0.1:${port}`;

  const standIn: SecretsManagerStandIn = {
    url,
    environment: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_REGION: signer.region,
      AWS_ACCESS_KEY_ID: signer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: signer.secretAccessKey,
      AWS_SESSION_TOKEN: signer.sessionToken,
    },
    put: (name, value) => {
      const secret = secrets.get(name) ?? { name, arn: newArn(signer.region, name), versions: [] };
      const versionId = randomUUID();
      secret.versions.unshift({ id: versionId, value, createdAt: new Date() });
      secrets.set(name, secret);
      return { arn: secret.arn, versionId };
    },
    get reads() {
      return reads;
    },
    latencyMs: 0,
    diesInSilence: false,
    failWith: (next, times = Number.POSITIVE_INFINITY) => {
      fault = next;
      faultsLeft = times;
    },
    recover: () => {
      faultsLeft = 0;
    },
    close: async () => {
      closing.abort();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return standIn;
}

/**
 * Accepts a `GetSecretValue` that is well formed and signed by `signer`.
 *
 * @returns the read itself, to be done when its time comes: what it finds is what is there then.
 * @throws ServiceError as AWS would answer anything else.
 */
async function parseRequest(
  request: IncomingMessage,
  body: Buffer,
  signer: Signer,
): Promise<(secrets: ReadonlyMap<string, Secret>) => object> {
  if (request.method !== 'POST' || request.url !== '/') {
    throw new ServiceError('UnknownOperationException', 'The service takes POST / alone.', 404);
  }
  const signatureFault = await findSignatureFault(
    { method: request.method, headers: request.headersDistinct, body },
    signer,
    new Date(),
  );
  if (signatureFault) throw new ServiceError(signatureFault.code, signatureFault.message);
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    throw new ServiceError('UnknownOperationException', 'The stand-in knows GetSecretValue alone.');
  }
  if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
    throw new ServiceError('SerializationException', 'The content type is not application/x-amz-json-1.1.');
  }
  const parameters = parseObject(body);
  const id = stringParameter(parameters, 'SecretId');
  const versionId = stringParameter(parameters, 'VersionId');
  const stage = stringParameter(parameters, 'VersionStage');
  if (id === undefined) {
    throw new ServiceError('ValidationException', "Value null at 'secretId' must not be null.");
  }
  if (!/^[A-Za-z0-9/_+=.@!:-]{1,2048}$/.test(id)) {
    throw new ServiceError(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
  }
  return (secrets) => getSecretValue(secrets, id, versionId, stage);
}

function getSecretValue(
  secrets: ReadonlyMap<string, Secret>,
  id: string,
  versionId: string | undefined,
  stage: string | undefined,
): object {
  const secret = secrets.get(id) ?? [...secrets.values()].find(({ arn }) => arn === id);
  if (!secret) {
    throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  const labelled = secret.versions.map((version, index) => ({ ...version, stages: stagesOf(index) }));
  const wantedStage = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
  const version = labelled.find(
    ({ id, stages }) =>
      (versionId === undefined || id === versionId) &&
      (wantedStage === undefined || stages.includes(wantedStage)),
  );
  if (!version) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${versionId === undefined ? `staging label: ${wantedStage}` : `VersionId: ${versionId}`}`,
    );
  }
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: version.value,
    VersionStages: version.stages,
    CreatedDate: version.createdAt.getTime() / 1000,
  };
}

function stagesOf(index: number): string[] {
  if (index === 0) return ['AWSCURRENT'];
  return index === 1 ? ['AWSPREVIOUS'] : [];
}

function parseObject(body: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ServiceError('SerializationException', 'The body is not a JSON object.');
  }
  return value;
}

function stringParameter(parameters: object, name: string): string | undefined {
  const value: unknown = Reflect.get(parameters, name);
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new ServiceError('SerializationException', `${name} is not a string.`);
}

/** Secrets Manager ends each ARN with a hyphen and six characters of its own choice. */
function newArn(region: string, name: string): string {
  return `arn:aws:secretsmanager:${region}:123456789012:secret:${name}-${randomBytes(3).toString('hex')}`;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
  });
  response.end(JSON.stringify(body));
}
