import { createHash } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';

let standIn: SecretsManagerStandIn;

beforeEach(async () => {
  standIn = await startSecretsManager();
});
afterEach(() => standIn.close());

/** The SDK's own client, which signs, sends and understands errors as it does towards AWS. */
function client(options: {
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  region?: string;
  systemClockOffset?: number;
  maxAttempts?: number;
}) {
  const { environment } = standIn;
  return new SecretsManagerClient({
    endpoint: standIn.url,
    region: options.region ?? environment.AWS_REGION,
    credentials: {
      accessKeyId: options.accessKeyId ?? environment.AWS_ACCESS_KEY_ID,
      secretAccessKey: options.secretAccessKey ?? environment.AWS_SECRET_ACCESS_KEY,
      sessionToken: options.sessionToken ?? environment.AWS_SESSION_TOKEN,
    },
    systemClockOffset: options.systemClockOffset ?? 0,
    maxAttempts: options.maxAttempts ?? 1,
  });
}

/** Resolves when so many reads have arrived. */
const readsToBe = (reads: number) => expect.poll(() => standIn.reads, { timeout: 10_000 }).toBe(reads);

interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}

function isHttpRequest(value: unknown): value is HttpRequest {
  return typeof value === 'object' && value !== null && 'headers' in value;
}

const read = (
  SecretId: string,
  options: Parameters<typeof client>[0] = {},
  version: { VersionStage?: string } = {},
) => client(options).send(new GetSecretValueCommand({ SecretId, ...version }));

describe('a read', () => {
  it('answers the value, its version, its ARN and its date, by name and by ARN', async () => {
    const before = Date.now();
    const { arn, versionId } = standIn.put('booky/livekit', '{"a":1}');

    const byName = await read('booky/livekit');
    expect(byName).toMatchObject({
      ARN: arn,
      Name: 'booky/livekit',
      SecretString: '{"a":1}',
      VersionId: versionId,
      VersionStages: ['AWSCURRENT'],
    });
    expect(byName.CreatedDate?.getTime()).toBeGreaterThanOrEqual(before);
    expect(byName.CreatedDate?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(byName.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);

    expect(await read(arn)).toMatchObject({ SecretString: '{"a":1}' });
    expect(standIn.reads).toBe(2);
  });

  it('after a rotation answers the new value, and the one before on request', async () => {
    const first = standIn.put('booky/livekit', 'first');
    const second = standIn.put('booky/livekit', 'second');
    expect(second.arn).toBe(first.arn);

    expect(await read('booky/livekit')).toMatchObject({
      SecretString: 'second',
      VersionId: second.versionId,
    });
    const previous = {
      SecretString: 'first',
      VersionId: first.versionId,
      VersionStages: ['AWSPREVIOUS'],
    };
    expect(await read('booky/livekit', {}, { VersionStage: 'AWSPREVIOUS' })).toMatchObject(previous);
    await expect(read('booky/livekit', {}, { VersionStage: 'AWSPENDING' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('waits for as long as it was told', async () => {
    standIn.put('booky/livekit', 'value');
    standIn.latencyMs = 600_000;
    const waits = expect(read('booky/livekit')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await readsToBe(1);
    standIn.latencyMs = 1;
    await expect(read('booky/livekit')).resolves.toBeDefined();
    await standIn.close();
    await waits;
    standIn = await startSecretsManager();
  });
});

describe('a request that AWS would refuse', () => {
  const refused = (name: string) =>
    expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode: 400 }) });

  beforeEach(() => {
    standIn.put('booky/livekit', 'value');
  });

  it.each([
    ['an unknown access key', { accessKeyId: 'AKIAUNKNOWN' }],
    ['another session token', { sessionToken: 'other' }],
    ['a wrong secret key', { secretAccessKey: 'wrong' }],
    ['another region', { region: 'eu-west-1' }],
    ['a clock far behind', { systemClockOffset: -301_000 }],
    ['a clock far ahead', { systemClockOffset: 302_000 }],
  ])('%s', async (_, options) => {
    await expect(read('booky/livekit', options)).rejects.toEqual(refused('InvalidSignatureException'));
    expect(standIn.reads).toBe(0);
  });

  it('a clock that is off within five minutes passes', async () => {
    await expect(read('booky/livekit', { systemClockOffset: -290_000 })).resolves.toBeDefined();
    await expect(read('booky/livekit', { systemClockOffset: 290_000 })).resolves.toBeDefined();
  });

  it('an unknown secret, one of another name that begins alike, or a part of its ARN', async () => {
    const { arn } = standIn.put('booky/livekit', 'value');
    for (const id of ['booky/other', 'booky/livekit2', 'booky', arn.slice(0, -1)]) {
      await expect(read(id)).rejects.toEqual(refused('ResourceNotFoundException'));
    }
  });

  /** A request of the SDK, rewritten before it is signed or, once signed, on its way. */
  const readAltered = (when: 'before signing' | 'signed', alter: (request: HttpRequest) => void) => {
    const altered = client({});
    const middleware =
      <Input extends { request: unknown }, Output>(next: (args: Input) => Promise<Output>) =>
      (args: Input) => {
        if (!isHttpRequest(args.request)) throw new Error('not an HTTP request');
        alter(args.request);
        return next(args);
      };
    if (when === 'signed') altered.middlewareStack.add(middleware, { step: 'deserialize', priority: 'low' });
    else altered.middlewareStack.add(middleware, { step: 'build', priority: 'low' });
    return altered.send(new GetSecretValueCommand({ SecretId: 'booky/livekit' }));
  };

  it.each<[string, (request: HttpRequest) => void]>([
    ['a body changed', (request) => Object.assign(request, { body: '{"SecretId":"booky/livekiT"}' })],
    [
      'a header changed',
      ({ headers }) => Object.assign(headers, { 'x-amz-target': 'secretsmanager.Delete' }),
    ],
    ['a header added', ({ headers }) => Object.assign(headers, { 'x-amz-extra': 'not signed' })],
    ['no authorization', ({ headers }) => delete headers['authorization']],
    ['another kind of it', ({ headers }) => Object.assign(headers, { authorization: 'Bearer something' })],
  ])('%s after it was signed', async (_, alter) => {
    await expect(readAltered('signed', () => undefined)).resolves.toMatchObject({ SecretString: 'value' });
    await expect(readAltered('signed', alter)).rejects.toEqual(refused('InvalidSignatureException'));
  });

  it('a body that is not the one whose hash was signed', async () => {
    const bodyHash = createHash('sha256').update('{"SecretId":"booky/livekit"}').digest('hex');
    const readClaiming = (hash: string) =>
      readAltered('before signing', ({ headers }) => {
        headers['x-amz-content-sha256'] = hash;
      });
    await expect(readClaiming(bodyHash)).resolves.toMatchObject({ SecretString: 'value' });
    await expect(readClaiming('0'.repeat(64))).rejects.toEqual(refused('InvalidSignatureException'));
  });

  it.each([
    ['x-amz-target', 'secretsmanager.DeleteSecret', 'UnknownOperationException'],
    ['content-type', 'application/json', 'SerializationException'],
  ])('another %s', async (name, value, error) => {
    const sent = readAltered('before signing', ({ headers }) => Object.assign(headers, { [name]: value }));
    await expect(sent).rejects.toEqual(refused(error));
  });

  it.each(['{', '[]', 'null', '{}', '{"SecretId":1}', '{"SecretId":"booky/livekit","VersionId":"1"}'])(
    'the body %s',
    async (body) => {
      const sent = readAltered('before signing', (request) => {
        request.body = body;
        request.headers['content-length'] = String(Buffer.byteLength(body));
      });
      await expect(sent).rejects.toEqual(refused('SerializationException'));
    },
  );
});

describe('a fault', () => {
  beforeEach(() => {
    standIn.put('booky/livekit', 'value');
  });

  it.each([
    ['ThrottlingException', 400],
    ['AccessDeniedException', 400],
    ['InvalidRequestException', 400],
    ['InternalServiceError', 500],
  ] as const)('%s answers %i until it is over', async (fault, httpStatusCode) => {
    standIn.failWith(fault);
    for (const _ of [1, 2]) {
      await expect(read('booky/livekit')).rejects.toMatchObject({
        name: fault,
        $metadata: { httpStatusCode },
      });
    }
    standIn.recover();
    await expect(read('booky/livekit')).resolves.toMatchObject({ SecretString: 'value' });
    expect(standIn.reads).toBe(3);
  });

  it('may last a number of reads: the SDK retries', async () => {
    standIn.failWith('InternalServiceError', 1);
    await expect(read('booky/livekit', { maxAttempts: 2 })).resolves.toMatchObject({ SecretString: 'value' });
    expect(standIn.reads).toBe(2);
  });

  it('may be a connection that is cut', async () => {
    standIn.failWith('drop', 1);
    await expect(read('booky/livekit')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(read('booky/livekit')).resolves.toBeDefined();
  });

  it('may be the last on its connection, which then is silent but open', async () => {
    standIn.diesInSilence = true;
    const kept = client({});
    const command = () => new GetSecretValueCommand({ SecretId: 'booky/livekit' });
    await kept.send(command());
    const patience = new AbortController();
    const unanswered = expect(kept.send(command(), { abortSignal: patience.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await readsToBe(2);
    await expect(read('booky/livekit')).resolves.toMatchObject({ SecretString: 'value' });
    patience.abort();
    await unanswered;
  });

  it('may be silence, which ends when the reader gives up or the stand-in closes', async () => {
    standIn.failWith('hang');
    const patience = new AbortController();
    const abandoned = expect(
      client({}).send(new GetSecretValueCommand({ SecretId: 'booky/livekit' }), {
        abortSignal: patience.signal,
      }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await readsToBe(1);
    patience.abort();
    await abandoned;

    const cut = expect(read('booky/livekit')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await readsToBe(2);
    await standIn.close();
    await cut;
    standIn = await startSecretsManager();
  });
});
