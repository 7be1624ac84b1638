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
  version: { VersionId?: string; VersionStage?: string } = {},
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
    expect(await read('booky/livekit', {}, { VersionId: first.versionId })).toMatchObject(previous);
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
  const refused = (name: string, message?: RegExp) =>
    expect.objectContaining({
      name,
      message: expect.stringMatching(message ?? /./),
      $metadata: expect.objectContaining({ httpStatusCode: 400 }),
    });

  beforeEach(() => {
    standIn.put('booky/livekit', 'value');
  });

  it.each([
    ['an unknown access key', { accessKeyId: 'AKIAUNKNOWN' }, 'UnrecognizedClientException', /invalid/],
    ['another session token', { sessionToken: 'other' }, 'UnrecognizedClientException', /invalid/],
    ['a wrong secret key', { secretAccessKey: 'wrong' }, 'InvalidSignatureException', /does not match/],
    ['another region', { region: 'eu-west-1' }, 'InvalidSignatureException', /us-east-1.*not .*eu-west-1/],
    ['a clock far behind', { systemClockOffset: -301_000 }, 'InvalidSignatureException', /expired/],
    ['a clock far ahead', { systemClockOffset: 302_000 }, 'InvalidSignatureException', /not yet current/],
  ] as const)('%s', async (_, options, name, message) => {
    await expect(read('booky/livekit', options)).rejects.toEqual(refused(name, message));
    expect(standIn.reads).toBe(0);
  });

  it('a clock that is off within five minutes passes', async () => {
    await expect(read('booky/livekit', { systemClockOffset: -290_000 })).resolves.toBeDefined();
    await expect(read('booky/livekit', { systemClockOffset: 290_000 })).resolves.toBeDefined();
  });

  it('an unknown secret, one of another name that begins alike, or a part of its ARN', async () => {
    const { arn } = standIn.put('booky/livekit', 'value');
    for (const id of ['booky/other', 'booky/livekit2', 'booky', arn.slice(0, -1)]) {
      await expect(read(id)).rejects.toEqual(refused('ResourceNotFoundException', /can't find/));
    }
  });

  it('an id that cannot be one', async () => {
    await expect(read('booky livekit')).rejects.toEqual(refused('ValidationException', /Invalid name/));
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

  it('a body or a header changed after it was signed', async () => {
    await expect(readAltered('signed', () => undefined)).resolves.toMatchObject({ SecretString: 'value' });
    await expect(
      readAltered('signed', (request) => {
        request.body = '{"SecretId":"booky/livekiT"}';
      }),
    ).rejects.toEqual(refused('InvalidSignatureException', /does not match/));
    await expect(
      readAltered('signed', ({ headers }) => {
        headers['x-amz-target'] = 'secretsmanager.DeleteSecret';
      }),
    ).rejects.toEqual(refused('InvalidSignatureException', /does not match/));
    await expect(
      readAltered('signed', ({ headers }) => {
        headers['x-amz-extra'] = 'not signed';
      }),
    ).rejects.toEqual(refused('InvalidSignatureException', /x-amz-extra/));
  });

  it('a body that is not the one whose hash was signed', async () => {
    const bodyHash = createHash('sha256').update('{"SecretId":"booky/livekit"}').digest('hex');
    const readClaiming = (hash: string) =>
      readAltered('before signing', ({ headers }) => {
        headers['x-amz-content-sha256'] = hash;
      });
    await expect(readClaiming(bodyHash)).resolves.toMatchObject({ SecretString: 'value' });
    await expect(readClaiming('0'.repeat(64))).rejects.toEqual(
      refused('InvalidSignatureException', /does not match/),
    );
  });

  it('an authorization that is missing, or of another kind', async () => {
    await expect(
      readAltered('signed', ({ headers }) => {
        delete headers['authorization'];
      }),
    ).rejects.toEqual(refused('MissingAuthenticationTokenException'));
    await expect(
      readAltered('signed', ({ headers }) => {
        headers['authorization'] = 'Bearer something';
      }),
    ).rejects.toEqual(refused('IncompleteSignatureException'));
  });

  it('an operation other than the one it stands in for, and a body that is not the protocol', async () => {
    await expect(
      readAltered('before signing', ({ headers }) => {
        headers['x-amz-target'] = 'secretsmanager.DeleteSecret';
      }),
    ).rejects.toEqual(refused('UnknownOperationException'));
    await expect(
      readAltered('before signing', ({ headers }) => {
        headers['content-type'] = 'application/json';
      }),
    ).rejects.toEqual(refused('SerializationException'));

    const readBody = (body: string) =>
      readAltered('before signing', (request) => {
        request.body = body;
        request.headers['content-length'] = String(Buffer.byteLength(body));
      });
    for (const body of ['{', '[]', 'null', '{"SecretId":1}']) {
      await expect(readBody(body)).rejects.toEqual(refused('SerializationException'));
    }
    await expect(readBody('{}')).rejects.toEqual(refused('ValidationException'));
  });
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
