import { expect, it } from 'vitest';
import { explainAnswer, explainMessage } from '../../../token-check/explain-answer.ts';

it.each([
  [401, 'invalid API key for domain project.livekit.cloud', 'two-projects'],
  [401, 'invalid API key: devkey', 'unknown-key'],
  [401, 'invalid token: <token>, error: token signature is invalid: signature is invalid', 'wrong-secret'],
  [
    401,
    'invalid token: <token>, error: token signature is invalid: signing method RS256 is invalid',
    'wrong-algorithm',
  ],
  [401, 'invalid token: <token>, error: token has invalid claims: token is not valid yet', 'not-yet-valid'],
  [401, 'no permissions to access the room', 'no-video-grant'],
  [404, 'requested room does not exist', 'room-must-exist'],
  [404, '404 page not found', undefined],
  [200, 'success', undefined],
  [503, 'node has reached its limits', 'server-full'],
])('%d “%s” means %s', (status, reason, code) => {
  expect(explainAnswer({ status, reason })?.code).toBe(code);
});

it('never tells to grant readers roomCreate', () => {
  const { remedy } = explainAnswer({ status: 404, reason: 'requested room does not exist' }) ?? {};
  expect(remedy).toContain('Never grant readers roomCreate');
});

it('says that some clients report a 401 of their own making', () => {
  const { cause } = explainAnswer({ status: 401, reason: 'no permissions to access the room' }) ?? {};
  expect(cause).toContain('instead of what the server first said');
});

it('finds the server’s words in a client’s message', () => {
  const message = 'ConnectionError: could not establish signal connection: invalid API key for domain x';
  expect(explainMessage(message)?.code).toBe('two-projects');
  expect(explainMessage('hello')).toBeUndefined();
});
