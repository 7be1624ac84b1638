/**
 * The code that all peers share, so that they differ only in how they read the secret and sign the token. The product does more: all
 * of the contract's rules, errors, a log line for each request.
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

export function admissionOf(event: APIGatewayProxyEventV2WithJWTAuthorizer): Admission {
  const { sub, name } = event.requestContext.authorizer.jwt.claims;
  const { reading_club_id: club } = JSON.parse(event.body ?? '');
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
