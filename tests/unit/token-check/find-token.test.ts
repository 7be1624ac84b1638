import { expect, it } from 'vitest';
import { findToken, redact } from '../../../token-check/find-token.ts';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkZXZrZXkifQ.c2lnbmF0dXJl-_';

const whole = `eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkZXZrZXkifQ.${'c'.repeat(43)}`;
const broken = whole.replace(/.{20}/g, '$&\r\n  ');

it.each<[string, string, string?]>([
  ['alone', token, token],
  ['with a line break', `  ${token}\n`, token],
  ['after Bearer', `Bearer ${token}`, token],
  ['in quotes', `"${token}"`, token],
  ['in the endpoint’s answer', `{\n  "token": "${token}",\n  "room_name": "reading-club-1"\n}`, token],
  ['in a signalling URL', `wss://x.livekit.cloud/rtc?access_token=${token}&auto_subscribe=1&sdk=js`, token],
  ['in a header', `Authorization: Bearer ${token}`, token],
  ['in JSON without spaces, of another backend', `{"accessToken":"${token}","url":"wss://x"}`, token],
  ['in a log line', `2026-11-25T03:14:27Z INFO token=${token} room=reading-club-1`, token],
  ['at the end of a sentence', `This is my token: ${token}.`, token],
  [
    'beside a sign-in’s JWT',
    `curl -H "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln" # ${token}`,
    token,
  ],
  ['in LiveKit’s refusal', `invalid token: ${token}, error: token has invalid claims: expired`, token],
  ['cut off, in a sentence', 'see eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOi…', 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOi'],
  ['broken over lines', `Bearer ${broken}`, whole],
  ['broken over lines, in JSON', `{"token": "${broken}",\n"room": "x"}`, whole],
  ['before another line', `token: ${whole}\nroom: x`, whole],
  ['before another line, without a label', `${whole}\nroom: x`, whole],
  ['cut off, before another line', `token: ${token}\nroom: x`, token],
  ['of one part', 'eyJhbGciOiJIUzI1NiJ9', 'eyJhbGciOiJIUzI1NiJ9'],
  ['with a part too many', `${token}.x`, `${token}.x`],
  ['that ends with a dot', 'eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOiJub25lIn0.e30.'],
  ['not in a sentence', 'invalid API key for domain'],
  ['not in an answer without one', '{"code": "not_a_member"}'],
])('finds a token %s', (_where, text, found) => {
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
