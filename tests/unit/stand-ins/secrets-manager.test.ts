import { createHash } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';

const name = 'booky/livekit';
let standIn: SecretsManagerStandIn;
let stored: ReturnType<SecretsManagerStandIn['put']>;

beforeEach(async () => {
  standIn = await startSecretsManager();
  stored = standIn.put(name, 'value');
});
afterEach(() => standIn.close());

interface ClientOptions {
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  region?: string;
  systemClockOffset?: number;
  maxAttempts?: number;
}

/** The SDK's own client, which signs, sends and understands errors as it does towards AWS. */
function client({ region, systemClockOffset = 0, maxAttempts = 1, ...credentials }: ClientOptions = {}) {
  const { environment } = standIn;
  return new SecretsManagerClient({
    endpoint: standIn.url,
    region: region ?? environment.AWS_REGION,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
      sessionToken: environment.AWS_SESSION_TOKEN,
      ...credentials,
    },
    systemClockOffset,
    maxAttempts,
  });
}

interface Read {
  SecretId?: string;
  VersionStage?: string;
}

const command = (read: Read = {}) => new GetSecretValueCommand({ SecretId: name, ...read });
const read = (what: Read = {}, options: ClientOptions = {}) => client(options).send(command(what));

/** Resolves when so many reads have arrived. */
const readsToBe = (reads: number) => expect.poll(() => standIn.reads, { timeout: 10_000 }).toBe(reads);

describe('a read', () => {
  it('answers the value, its version, its ARN and its date, by name and by ARN', async () => {
    const before = Date.now();
    const { arn, versionId } = standIn.put('booky/other', '{"a":1}');

    const byName = await read({ SecretId: 'booky/other' });
    expect(byName).toMatchObject({
      ARN: arn,
      Name: 'booky/other',
      SecretString: '{"a":1}',
      VersionId: versionId,
      VersionStages: ['AWSCURRENT'],
    });
    expect(byName.CreatedDate?.getTime()).toBeGreaterThanOrEqual(before);
    expect(byName.CreatedDate?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(byName.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);

    expect(await read({ SecretId: arn })).toMatchObject({ SecretString: '{"a":1}' });
    expect(standIn.reads).toBe(2);
  });

  it('after a rotation answers the new value, and the one before on request', async () => {
    const { arn, versionId } = standIn.put(name, 'second');
    expect(arn).toBe(stored.arn);

    expect(await read()).toMatchObject({ SecretString: 'second', VersionId: versionId });
    const previous = { SecretString: 'value', VersionId: stored.versionId, VersionStages: ['AWSPREVIOUS'] };
    expect(await read({ VersionStage: 'AWSPREVIOUS' })).toMatchObject(previous);
    await expect(read({ VersionStage: 'AWSPENDING' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('waits for as long as it was told', async () => {
    standIn.latencyMs = 600_000;
    const waits = expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await readsToBe(1);
    standIn.latencyMs = 1;
    await expect(read()).resolves.toBeDefined();
    await standIn.close();
    await waits;
    standIn = await startSecretsManager();
  });
});

describe('a request that AWS would refuse', () => {
  const refused = (name: string) =>
    expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode: 400 }) });

  it.each([
    ['an unknown access key', { accessKeyId: 'AKIAUNKNOWN' }],
    ['another session token', { sessionToken: 'other' }],
    ['a wrong secret key', { secretAccessKey: 'wrong' }],
    ['another region', { region: 'eu-west-1' }],
    ['a clock far behind', { systemClockOffset: -301_000 }],
    ['a clock far ahead', { systemClockOffset: 302_000 }],
  ])('%s', async (_, options) => {
    await expect(read({}, options)).rejects.toEqual(refused('InvalidSignatureException'));
    expect(standIn.reads).toBe(0);
  });

  it.each([-290_000, 290_000])('a clock that is off within five minutes passes: %i ms', async (ms) => {
    await expect(read({}, { systemClockOffset: ms })).resolves.toBeDefined();
  });

  it('an unknown secret, one of another name that begins alike, or a part of its ARN', async () => {
    for (const id of ['booky/other', `${name}2`, 'booky', stored.arn.slice(0, -1)]) {
      await expect(read({ SecretId: id })).rejects.toEqual(refused('ResourceNotFoundException'));
    }
  });

  interface HttpRequest {
    headers: Record<string, string>;
    body?: unknown;
  }
  const isHttpRequest = (value: unknown): value is HttpRequest =>
    typeof value === 'object' && value !== null && 'headers' in value;

  type Alter = (request: HttpRequest) => void;
  const header =
    (name: string, ...values: string[]): Alter =>
    ({ headers }) => {
      delete headers[name];
      for (const value of values) headers[name] = value;
    };
  const body =
    (text: string): Alter =>
    (request) => {
      request.body = text;
      request.headers['content-length'] = String(Buffer.byteLength(text));
    };

  /** A request of the SDK, rewritten before it is signed or, once signed, on its way. */
  const readAltered = (when: 'before' | 'signed', alter: Alter) => {
    const altered = client();
    const middleware =
      <Input extends { request: unknown }, Output>(next: (args: Input) => Promise<Output>) =>
      (args: Input) => {
        if (!isHttpRequest(args.request)) throw new Error('not an HTTP request');
        alter(args.request);
        return next(args);
      };
    if (when === 'signed') altered.middlewareStack.add(middleware, { step: 'deserialize', priority: 'low' });
    else altered.middlewareStack.add(middleware, { step: 'build', priority: 'low' });
    return altered.send(command());
  };

  it.each<[string, 'before' | 'signed', Alter, string]>([
    ['a body changed', 'signed', body('{"SecretId":"booky/livekiT"}'), 'InvalidSignatureException'],
    ['a header changed', 'signed', header('x-amz-target', 'x'), 'InvalidSignatureException'],
    ['a header added', 'signed', header('x-amz-extra', 'x'), 'InvalidSignatureException'],
    ['no authorization', 'signed', header('authorization'), 'InvalidSignatureException'],
    ['another kind of it', 'signed', header('authorization', 'Bearer x'), 'InvalidSignatureException'],
    ['another hash', 'before', header('x-amz-content-sha256', '0'.repeat(64)), 'InvalidSignatureException'],
    ['another operation', 'before', header('x-amz-target', 'x'), 'UnknownOperationException'],
    ['another type', 'before', header('content-type', 'application/json'), 'SerializationException'],
    ['a body that is not JSON', 'before', body('{'), 'SerializationException'],
    ['an array', 'before', body('[]'), 'SerializationException'],
    ['null', 'before', body('null'), 'SerializationException'],
    ['no id', 'before', body('{}'), 'SerializationException'],
    ['an id that is a number', 'before', body('{"SecretId":1}'), 'SerializationException'],
    ['a version', 'before', body(`{"SecretId":"${name}","VersionId":"1"}`), 'SerializationException'],
  ])('%s, %s', async (_, when, alter, error) => {
    await expect(readAltered(when, alter)).rejects.toEqual(refused(error));
  });

  it('altered in nothing that counts it passes', async () => {
    const text = JSON.stringify({ SecretId: name });
    const hash = header('x-amz-content-sha256', createHash('sha256').update(text).digest('hex'));
    await expect(readAltered('before', hash)).resolves.toMatchObject({ SecretString: 'value' });
    await expect(readAltered('signed', body(text))).resolves.toMatchObject({ SecretString: 'value' });
  });
});

describe('a fault', () => {
  it.each([
    ['ThrottlingException', 400],
    ['AccessDeniedException', 400],
    ['InvalidRequestException', 400],
    ['InternalServiceError', 500],
  ] as const)('%s answers %i until it is over', async (fault, httpStatusCode) => {
    standIn.failWith(fault);
    for (const _ of [1, 2]) {
      await expect(read()).rejects.toMatchObject({ name: fault, $metadata: { httpStatusCode } });
    }
    standIn.recover();
    await expect(read()).resolves.toMatchObject({ SecretString: 'value' });
    expect(standIn.reads).toBe(3);
  });

  it('may last a number of reads: the SDK retries', async () => {
    standIn.failWith('InternalServiceError', 1);
    await expect(read({}, { maxAttempts: 2 })).resolves.toMatchObject({ SecretString: 'value' });
    expect(standIn.reads).toBe(2);
  });

  it('may be a connection that is cut', async () => {
    standIn.failWith('drop', 1);
    await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(read()).resolves.toBeDefined();
  });

  /** A read that the reader gives up when `until` has come. */
  const abandoned = async (from: SecretsManagerClient, until: () => Promise<unknown>) => {
    const patience = new AbortController();
    const sent = expect(from.send(command(), { abortSignal: patience.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await until();
    patience.abort();
    await sent;
  };

  it('may be the last on its connection, which then is silent but open', async () => {
    standIn.diesInSilence = true;
    const kept = client();
    await kept.send(command());
    await abandoned(kept, async () => {
      await readsToBe(2);
      await expect(read()).resolves.toMatchObject({ SecretString: 'value' });
    });
  });

  it('may be silence, which ends when the reader gives up or the stand-in closes', async () => {
    standIn.failWith('hang');
    await abandoned(client(), () => readsToBe(1));

    const cut = expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await readsToBe(2);
    await standIn.close();
    await cut;
    standIn = await startSecretsManager();
  });
});
