import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import type { $ClientProtocol, HttpRequest, HttpResponse } from '@smithy/types';

/**
 * `GetSecretValue` on the wire: AWS JSON 1.1, one JSON document each way. The SDK's own protocol does the same with schemas of
 * every operation of the service. They would take a fifth of the bundle, and milliseconds of a cold start. Endpoint, signature,
 * retries and connections remain the SDK's.
 *
 * An answer is the parsed JSON: dates stay numbers, binary stays base64.
 */
export const getSecretValueProtocol: $ClientProtocol<HttpRequest, HttpResponse> = {
  getShapeId: () => 'aws.protocols#awsJson1_1',

  serializeRequest: async (_operation, input, context) => {
    const endpoint = await context.endpoint();
    return {
      ...endpoint,
      method: 'POST',
      path: endpoint.path.endsWith('/') ? endpoint.path : `${endpoint.path}/`,
      query: endpoint.query ?? {},
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body: JSON.stringify(input),
    };
  },

  deserializeResponse: async (_operation, context, { statusCode, headers, body }) => {
    const text = Buffer.from(await context.streamCollector(body)).toString();
    const answer = { ...(text && JSON.parse(text)) };
    const requestId = headers['x-amzn-requestid'];
    const $metadata = { httpStatusCode: statusCode, ...(requestId !== undefined && { requestId }) };
    if (statusCode < 300) return { ...answer, $metadata };
    throw new SecretsManagerServiceException({
      name: errorName(answer.__type ?? answer.code ?? headers['x-amzn-errortype']),
      message: answer.message || answer.Message || 'UnknownError',
      $fault: statusCode < 500 ? 'client' : 'server',
      $metadata,
    });
  },

  setSerdeContext: () => {},
  // The SDK calls these for protocols with schemas only.
  getPayloadCodec: unasked,
  getRequestType: unasked,
  getResponseType: unasked,
  updateServiceEndpoint: unasked,
};

/** The error's name, which may have a namespace before it and a URL after it: `com.amazonaws.secretsmanager#Name:http://…`. */
function errorName(type: unknown): string {
  return /^(?:[^,:#]*#)?([^,:#]+)/.exec(String(type ?? ''))?.[1] ?? 'Unknown';
}

function unasked(): never {
  throw new Error('GetSecretValue is read and written without schemas.');
}
