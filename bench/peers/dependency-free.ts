/**
 * The limit: the same job with only Node and as little code as possible. It has no retries, no timeouts, no refresh and no checks
 * of the secret: it is not for production, but for comparison with the others.
 */
import type { APIGatewayProxyHandlerV2WithJWTAuthorizer } from 'aws-lambda';
import { admissionOf, answer, grant, type Secret, secretName, ttlSeconds } from './meeting.ts';

const { createHash, createHmac } = process.getBuiltinModule('node:crypto');
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

const secret = readSecret();
secret.catch(() => {});

export const handler: APIGatewayProxyHandlerV2WithJWTAuthorizer = async (event) => {
  const admission = admissionOf(event);
  const credentials = await secret;
  const now = Math.floor(Date.now() / 1000);
  const { identity, name, room } = admission;
  const claims = {
    iss: credentials.LIVEKIT_API_KEY,
    sub: identity,
    name,
    nbf: now,
    exp: now + ttlSeconds,
    video: { room, ...grant },
  };
  const signed = `${base64url({ alg: 'HS256' })}.${base64url(claims)}`;
  const signature = createHmac('sha256', credentials.LIVEKIT_API_SECRET).update(signed).digest('base64url');
  return answer(admission, credentials, `${signed}.${signature}`);
};

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** `GetSecretValue`, signed with AWS Signature Version 4. */
function readSecret(): Promise<Secret> {
  const {
    AWS_REGION: region = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
    AWS_SESSION_TOKEN: sessionToken = '',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint = `https://secretsmanager.${region}.amazonaws.com`,
  } = process.env;
  const url = new URL(endpoint);
  const body = JSON.stringify({ SecretId: secretName });
  const timestamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': timestamp,
    'x-amz-security-token': sessionToken,
    'x-amz-target': 'secretsmanager.GetSecretValue',
  };
  const scope = `${timestamp.slice(0, 8)}/${region}/secretsmanager/aws4_request`;
  const signedHeaders = Object.keys(headers).join(';');
  const canonicalRequest = [
    'POST',
    '/',
    '',
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n');
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonicalRequest)}`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${hmac(key, stringToSign).toString('hex')}`;

  const { promise, resolve, reject } = Promise.withResolvers<Secret>();
  const { request } = url.protocol === 'https:' ? https : http;
  request(url, { method: 'POST', headers: { ...headers, authorization } }, (response) => {
    let text = '';
    response.on('data', (chunk) => {
      text += chunk;
    });
    response.on('end', () => resolve(JSON.parse(JSON.parse(text).SecretString)));
  })
    .on('error', reject)
    .end(body);
  return promise;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
