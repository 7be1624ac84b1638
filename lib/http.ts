import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { checkStage } from './check-stage.ts';
import { type ErrorAnswer, type ErrorCode, statusOf, type TokenAnswer } from './contract.ts';
import { describeError, type Log, type LogFields, type LogLevel } from './log.ts';
import { requestMetrics } from './metrics.ts';
import { BadRequest, CredentialsUnavailable, Problem } from './problem.ts';
import type { RequestFacts, TokenEndpoint, TokenEndpointRequest } from './token-endpoint.ts';

export type HttpHandler = (
  event: APIGatewayProxyEventV2WithJWTAuthorizer,
) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * Connects the endpoint to API Gateway's HTTP API (payload 2.0): an event in, a response out, one log line per request. Never
 * rejects: an error that is not a `Problem` is logged with its causes and answered with a 500 that does not show them.
 */
export function httpHandler(endpoint: TokenEndpoint, log: Log, now: () => number): HttpHandler {
  let isColdStart = true;
  return async (event) => {
    const startedAt = now();
    const coldStart = isColdStart;
    isColdStart = false;
    const requestId = event?.requestContext?.requestId;
    const facts: RequestFacts = {};

    const finish = (level: LogLevel, code: 'ok' | ErrorCode, response: Response, fields?: LogFields) => {
      const message = response.status < 400 ? 'Token issued.' : 'Token refused.';
      const durationMs = now() - startedAt;
      log(
        level,
        message,
        { request_id: requestId, status: response.status, ...facts, ...fields },
        requestMetrics({
          code,
          durationMs,
          isColdStart: coldStart,
          credentialsState: facts.credentials_state,
          isCheck: event?.requestContext?.stage === checkStage,
        }),
      );
      return toResult(response);
    };

    try {
      const answer = await endpoint(requestIn(event), facts);
      return finish(facts.unreadable_claims ? 'WARN' : 'INFO', 'ok', { status: 200, body: answer });
    } catch (error) {
      const { code, ...response } = errorResponse(error, requestId);
      if (response.status >= 500) return finish('ERROR', code, response, { causes: describeError(error) });
      const faults = error instanceof BadRequest ? error.details.map(({ path }) => path) : undefined;
      return finish('WARN', code, response, { faults });
    }
  };
}

/** The parts of the event that the endpoint needs. An event that was sent by hand may lack fields that the types promise. */
function requestIn(event: APIGatewayProxyEventV2WithJWTAuthorizer): TokenEndpointRequest {
  const body = textOf(event?.body);
  return {
    claims: event?.requestContext?.authorizer?.jwt?.claims,
    // The gateway sends header names in lower case.
    contentType: textOf(event?.headers?.['content-type']) || undefined,
    body: event?.isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

interface Response {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body: TokenAnswer | ErrorAnswer;
}

/** The one place where errors become HTTP. */
function errorResponse(error: unknown, requestId: string | undefined): Response & { code: ErrorCode } {
  if (!(error instanceof Problem)) {
    const code = 'token_generation_failed';
    const body = { error: 'Failed to generate token', code, request_id: requestId } as const;
    return { code, status: statusOf[code], body };
  }
  const { code, message } = error;
  return {
    code,
    status: statusOf[code],
    headers:
      error instanceof CredentialsUnavailable ? { 'retry-after': String(error.retryAfterSeconds) } : {},
    body: {
      error: message,
      code,
      request_id: requestId,
      details: error instanceof BadRequest ? error.details : undefined,
    },
  };
}

function toResult({ status, headers, body }: Response): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}
