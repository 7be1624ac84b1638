/** The protocol under the SDK's own client, with requests and answers in the hands of the test. */
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from '@aws-sdk/client-secrets-manager';
import type { HttpRequest } from '@smithy/types';
import { describe, expect, test } from 'vitest';
import { getSecretValueProtocol } from '../../../lib/secret/get-secret-value-protocol.ts';

interface Answer {
  statusCode: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A read of the secret `booky/livekit` that is answered so; `requests` has what was sent. */
function read(answer: Answer, endpoint = 'https://store.example') {
  const requests: HttpRequest[] = [];
  const { statusCode, headers = {}, body } = answer;
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  const client = new SecretsManagerClient({
    protocol: getSecretValueProtocol,
    region: 'eu-west-3',
    endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: HttpRequest) => {
        requests.push(request);
        return Promise.resolve({ response: { statusCode, headers, body: new Blob([text]).stream() } });
      },
    },
  });
  return { requests, outcome: client.send(new GetSecretValueCommand({ SecretId: 'booky/livekit' })) };
}

async function failure(answer: Answer): Promise<SecretsManagerServiceException> {
  const error = await read(answer).outcome.catch((caught: unknown) => caught);
  if (error instanceof SecretsManagerServiceException) return error;
  throw new Error(`Expected an error of the service, got ${String(error)}.`);
}

describe('the request', () => {
  test('is one of AWS JSON 1.1, for this operation', async () => {
    const { requests, outcome } = read({ statusCode: 200 });
    await outcome;
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      protocol: 'https:',
      hostname: 'store.example',
      path: '/',
      query: {},
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body: '{"SecretId":"booky/livekit"}',
    });
  });

  test.each([
    ['https://store.example:8443/proxy', { port: 8443, path: '/proxy/' }],
    ['https://store.example:8443/proxy/', { port: 8443, path: '/proxy/' }],
  ])('to %s goes where that says', async (endpoint, place) => {
    const { requests, outcome } = read({ statusCode: 200 }, endpoint);
    await outcome;
    expect(requests[0]).toMatchObject({ hostname: 'store.example', ...place });
  });
});

describe('an answer', () => {
  test('is what its JSON says, and how it came', async () => {
    const headers = { 'x-amzn-requestid': 'request-1' };
    const body = { SecretString: 'the text, é', VersionId: 'version-1', CreatedDate: 1.5 };
    expect(await read({ statusCode: 200, headers, body }).outcome).toMatchObject({
      ...body,
      $metadata: { httpStatusCode: 200, requestId: 'request-1' },
    });
  });

  test('may be empty', async () => {
    const answer = await read({ statusCode: 200, body: '' }).outcome;
    expect(answer.SecretString).toBeUndefined();
    expect(answer.$metadata).not.toHaveProperty('requestId');
  });
});

describe('an error', () => {
  test.each([
    [300, 'client'],
    [400, 'client'],
    [499, 'client'],
    [500, 'server'],
    [503, 'server'],
  ])('of status %i is the %s’s fault', async (statusCode, fault) => {
    const error = await failure({ statusCode });
    expect(error).toMatchObject({ $fault: fault, $metadata: { httpStatusCode: statusCode } });
  });

  test.each([
    [{ __type: 'AccessDeniedException' }, {}],
    [{ __type: 'com.amazonaws.secretsmanager#AccessDeniedException' }, {}],
    [{ __type: '#AccessDeniedException' }, {}],
    [{ __type: 'AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/' }, {}],
    [{ __type: 'aws.coral#AccessDeniedException,http://internal.amazon.com/x#y' }, {}],
    [{ code: 'AccessDeniedException' }, {}],
    [{ __type: 'AccessDeniedException', code: 'Another' }, {}],
    [{}, { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/' }],
  ])('is named by %j and headers %j', async (body, headers) => {
    expect(await failure({ statusCode: 400, body, headers })).toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  test.each([{}, { __type: '' }, { __type: ':http://internal.amazon.com' }])(
    'is Unknown with %j',
    async (body) => {
      expect(await failure({ statusCode: 400, body })).toMatchObject({ name: 'Unknown' });
    },
  );

  test.each([
    [{ message: 'not yours' }, 'not yours'],
    [{ Message: 'not yours' }, 'not yours'],
  ])('has its message from %j', async (body, message) => {
    expect((await failure({ statusCode: 400, body })).message).toBe(message);
  });

  test('never goes without a message', async () => {
    expect((await failure({ statusCode: 502, body: '' })).message).toMatch(/\w/);
  });
});

test('has no schemas, and says so', () => {
  const { getPayloadCodec, getRequestType, getResponseType } = getSecretValueProtocol;
  for (const ask of [getPayloadCodec, getRequestType, getResponseType])
    expect(ask).toThrow(/without schemas/);
});
