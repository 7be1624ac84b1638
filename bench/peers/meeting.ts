/**
 * The code that all peers share, so that they differ only in how they read the secret and sign the token: it reads who asks for
 * which room, and builds the answer. The product does more (all of the contract's rules, errors, a log line for each request).
 */
import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

export const secretName = process.env['LIVEKIT_SECRET_ID'] ?? '';
export const ttlSeconds = 600;

export const grant = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };

export interface Secret {
  LIVEKIT_API_KEY: string;
  LIVEKIT_API_SECRET: string;
  LIVEKIT_WS_URL: string;
}

export interface Admission {
  identity: string;
  name: string;
  room: string;
}

export function isSecret(value: unknown): value is Secret {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'LIVEKIT_WS_URL'].every(
      (name) => typeof Reflect.get(value, name) === 'string',
    )
  );
}

export function parseSecret(text: string | undefined): Secret {
  const secret: unknown = JSON.parse(text ?? '');
  if (!isSecret(secret)) throw new Error('the secret is not what it should be');
  return secret;
}

export function admissionOf(event: APIGatewayProxyEventV2WithJWTAuthorizer): Admission {
  const { sub, name } = event.requestContext.authorizer.jwt.claims;
  const body: unknown = JSON.parse(event.body ?? '');
  const club = typeof body === 'object' && body !== null ? Reflect.get(body, 'reading_club_id') : undefined;
  if (typeof sub !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(String(club))) {
    throw new Error('not a request for a token');
  }
  return { identity: sub, name: typeof name === 'string' ? name : sub, room: `reading-club-${club}` };
}

export function answer(
  { room, name }: Admission,
  { LIVEKIT_WS_URL }: Secret,
  token: string,
): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({
      token,
      room_name: room,
      participant_name: name,
      role: 'member',
      server_url: LIVEKIT_WS_URL,
      participant_token: token,
      expires_at: new Date(Date.now() + ttlSeconds * 1000).toISOString(),
    }),
  };
}
