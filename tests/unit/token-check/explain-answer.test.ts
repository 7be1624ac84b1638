import { expect, it } from 'vitest';
import { explainAnswer, explainMessage } from '../../../token-check/refusals.ts';

const newest = 'invalid authorization token: token';
const before = 'invalid token: eyJhbGciOiJIUzI1NiJ9.e30.c2ln, error: token';
const jose = 'invalid token: eyJhbGciOiJIUzI1NiJ9.e30.c2ln, error: go-jose/go-jose';

it.each([
  [401, 'invalid API key for domain project.livekit.cloud', 'two-projects'],
  [401, `${before} signature is invalid: signature is invalid`, 'wrong-secret'],
  [401, `${jose}: error in cryptographic primitive`, 'wrong-secret'],
  [401, `${jose}/jwt: validation failed, token is expired (exp)`, 'expired'],
  [401, `${jose}/jwt: validation failed, token not valid yet (nbf)`, 'not-yet-valid'],
  [401, `${newest} is malformed: could not JSON decode claim: json: cannot unmarshal …`, 'wrong-type'],
  [401, 'invalid token: <token>, error: json: cannot unmarshal string', 'wrong-type'],
  [401, 'invalid token: token revoked', 'revoked'],
  [401, `${newest} has a fault of tomorrow`, 'refused'],
  [401, `${before} has a fault of tomorrow`, 'refused'],
  [404, 'requested room does not exist', 'room-must-exist'],
  [404, '404 page not found', undefined],
  [200, 'success', undefined],
  [503, 'node has reached its limits', 'server-full'],
  [418, 'could not establish signal connection', undefined],
])('%d “%s” means %s', (status, reason, code) => {
  expect(explainAnswer({ status, reason })?.code).toBe(code);
});

it.each([
  ['ConnectionError: could not establish signal connection: invalid API key for domain x', 'two-projects'],
  [`could not establish signal connection: ${newest} has invalid claims: token is expired`, 'expired'],
  ['could not establish signal connection: Encountered websocket error during connection', 'no-reason'],
  ['Could not fetch region settings: Unauthorized', 'no-reason'],
  ['x-forwarded-proto: https', undefined],
])('finds the server’s words in a client’s message, or says how to get them: %s', (message, code) => {
  expect(explainMessage(message)?.code).toBe(code);
  if (code === 'no-reason')
    expect(explainMessage(message)?.remedy).toContain('curl -H "Authorization: Bearer');
});
