import { expect, it } from 'vitest';
import { findToken, redact } from '../../../token-check/find-token.ts';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkZXZrZXkifQ.c2lnbmF0dXJl-_';

it.each([
  ['alone', token],
  ['with a line break', `  ${token}\n`],
  ['after Bearer', `Bearer ${token}`],
  ['in quotes', `"${token}"`],
  ['in the endpoint’s answer', `{\n  "token": "${token}",\n  "room_name": "reading-club-1"\n}`],
  ['in a signalling URL', `wss://x.livekit.cloud/rtc?access_token=${token}&auto_subscribe=1&sdk=js`],
  ['in a header', `Authorization: Bearer ${token}`],
  ['in JSON without spaces, of another backend', `{"accessToken":"${token}","url":"wss://x"}`],
  ['in a log line', `2026-11-25T03:14:27Z INFO token=${token} room=reading-club-1`],
  ['at the end of a sentence', `This is my token: ${token}.`],
  ['beside a sign-in’s JWT', `curl -H "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln" # ${token}`],
  ['in LiveKit’s refusal', `invalid token: ${token}, error: token has invalid claims: token is expired`],
])('finds a token %s', (_where, text) => {
  expect(findToken(text)).toBe(token);
});

it.each([
  [
    'a truncated token in a sentence',
    'see eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOi…',
    'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOi',
  ],
  ['half a token', 'eyJhbGciOiJIUzI1NiJ9', 'eyJhbGciOiJIUzI1NiJ9'],
  ['a token with a part too many', `${token}.x`, `${token}.x`],
  ['one that ends with a dot', 'eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOiJub25lIn0.e30.'],
  ['a sentence', 'invalid API key for domain', undefined],
  ['an answer without one', '{"code": "not_a_member"}', undefined],
])('takes %s as it is', (_what, text, found) => {
  expect(findToken(text)).toBe(found);
});

it.each([
  [`invalid token: ${token}, error: x`, 'invalid token: <token>, error: x'],
  [`a ${token} and ${token}`, 'a <token> and <token>'],
  ['cut off: eyJhbGciOiJIUzI1NiJ9.eyJpc3Mi', 'cut off: <token>'],
  ['only a header eyJhbGciOiJIUzI1NiJ9', 'only a header <token>'],
  ['invalid API key: devkey', 'invalid API key: devkey'],
])('redacts %j', (text, redacted) => {
  expect(redact(text)).toBe(redacted);
});
