/** Invokes a version of the token function with events as API Gateway sends them. */
import { setTimeout as delay } from 'node:timers/promises';
import { InvokeCommand, type InvokeCommandOutput, type LambdaClient } from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import { checkStage } from '../../lib/check-stage.ts';
import type { ReaderRequest } from '../../token-check/reader-requests.ts';
import { type Ask, NoSuchVersion, type Outcome } from '../../token-check/try-version.ts';

/** The longest that a request may take, in milliseconds: an init of 10 s, and the function's timeout. */
const longestRequestMs = 30_000;

/** How long a refusal may be for what AWS still applies, in milliseconds: the permission of a new role, a new version's state. */
const settlingMs = 20_000;
const settling = new Set(['AccessDeniedException', 'ResourceConflictException']);

/** Asks one version, by its number or an alias. */
export function askVersion(client: LambdaClient, functionName: string, qualifier: string): Ask {
  return async (request) => {
    const requestId = `check-${crypto.randomUUID()}`;
    try {
      const result = await invoke(client, {
        FunctionName: `${functionName}:${qualifier}`,
        LogType: 'Tail',
        Payload: new TextEncoder().encode(JSON.stringify(eventOf(request, requestId))),
      });
      return outcomeOf(request, result, requestId);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === 'ResourceNotFoundException') throw new NoSuchVersion();
      if (error.name === 'TooManyRequestsException') {
        return { fault: { code: 'throttled', did: 'could not be asked: AWS throttles its invocations' } };
      }
      if (error.name === 'TimeoutError' || error.name === 'AbortError') return timedOut(request);
      throw error;
    }
  };
}

async function invoke(
  client: LambdaClient,
  input: ConstructorParameters<typeof InvokeCommand>[0],
): Promise<InvokeCommandOutput> {
  const deadline = Date.now() + settlingMs;
  for (;;) {
    try {
      const abortSignal = AbortSignal.timeout(longestRequestMs);
      return await client.send(new InvokeCommand(input), { abortSignal });
    } catch (error) {
      const maySettle = error instanceof Error && settling.has(error.name);
      if (!maySettle || Date.now() > deadline) throw error;
      await delay(2_000);
    }
  }
}

const resultSchema = v.object({
  statusCode: v.number(),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string(), ''),
});

const errorSchema = v.object({
  errorType: v.optional(v.string(), 'Error'),
  errorMessage: v.optional(v.string(), ''),
});

function outcomeOf(
  request: ReaderRequest,
  { FunctionError: functionError, Payload: payload, LogResult: log }: InvokeCommandOutput,
  requestId: string,
): Outcome {
  const body: unknown = JSON.parse(new TextDecoder().decode(payload) || 'null');
  if (functionError !== undefined) {
    const parsed = v.safeParse(errorSchema, body);
    const { errorType, errorMessage } = parsed.success
      ? parsed.output
      : { errorType: 'Error', errorMessage: '' };
    if (/timed out/i.test(errorMessage)) return timedOut(request);
    // Not the message: it may quote anything.
    return { fault: { code: 'crashed', did: `crashed at the request of ${request.who} (${errorType})` } };
  }
  const result = v.safeParse(resultSchema, body);
  if (!result.success) {
    return { fault: { code: 'wrong-answer', did: `answered ${request.who} with what is no HTTP response` } };
  }
  const { statusCode, headers, body: text } = result.output;
  return {
    reply: { status: statusCode, headers: new Headers(headers), text },
    credentials: credentialsIn(log, requestId),
  };
}

const timedOut = ({ who }: ReaderRequest): Outcome => ({
  fault: { code: 'timed-out', did: `did not answer ${who} in time` },
});

const lineSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    request_id: v.string(),
    stale_credentials: v.optional(v.number()),
    previous_credentials: v.optional(v.number()),
  }),
);

/** Which credentials the request used, from the function's own log line at the end of the log. */
function credentialsIn(log: string | undefined, requestId: string): 'stale' | 'previous' | undefined {
  for (const text of Buffer.from(log ?? '', 'base64')
    .toString()
    .split('\n')) {
    const line = v.safeParse(lineSchema, text);
    if (!line.success || line.output.request_id !== requestId) continue;
    if (line.output.previous_credentials === 1) return 'previous';
    if (line.output.stale_credentials === 1) return 'stale';
  }
  return undefined;
}

/** The event for a request, as far as the function looks at it. */
function eventOf({ claims, body }: ReaderRequest, requestId: string): object {
  return {
    version: '2.0',
    routeKey: 'POST /api/reading-clubs/meetings/token',
    headers: { 'content-type': 'application/json' },
    requestContext: {
      requestId,
      stage: checkStage,
      ...(claims && { authorizer: { jwt: { claims, scopes: null } } }),
    },
    isBase64Encoded: false,
    ...(body !== undefined && { body }),
  };
}
