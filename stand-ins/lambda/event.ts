import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';

/** What a test varies of an event. */
export interface EventOptions {
  claims?: Record<string, string> | undefined;
  body?: string | undefined;
  isBase64Encoded?: boolean;
  headers?: Record<string, string>;
}

export const requestId = 'JKJaXmPLvHcESHA=';

/** An event as API Gateway's HTTP API sends it (payload 2.0) for a request that its JWT authorizer let pass. */
export function tokenEvent(options: EventOptions = {}): APIGatewayProxyEventV2WithJWTAuthorizer {
  const path = '/api/reading-clubs/meetings/token';
  const {
    claims = { sub: 'user-001', name: 'Ana' },
    isBase64Encoded = false,
    headers = { 'content-type': 'application/json' },
  } = options;
  return {
    version: '2.0',
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { authorization: 'Bearer a.reader.jwt', ...headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'r3pmxmplak',
      authorizer: { principalId: '', integrationLatency: 0, jwt: { claims, scopes: [] } },
      domainName: 'r3pmxmplak.execute-api.eu-west-1.amazonaws.com',
      domainPrefix: 'r3pmxmplak',
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'vitest' },
      requestId,
      routeKey: `POST ${path}`,
      stage: '$default',
      time: '23/Nov/2026:10:00:00 +0000',
      timeEpoch: 1_795_428_000_000,
    },
    isBase64Encoded,
    ...('body' in options
      ? options.body === undefined
        ? {}
        : { body: options.body }
      : { body: JSON.stringify({ reading_club_id: 123 }) }),
  };
}

/** The grants in the token for it, where the reader is a member: these and no others. */
export const memberGrants = {
  room: 'reading-club-123',
  roomJoin: true,
  canPublish: true,
  canSubscribe: true,
  canPublishData: true,
};
