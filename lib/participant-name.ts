import * as v from 'valibot';

const longestInCodePoints = 128;
/** LiveKit's limit. */
const longestInBytes = 256;

/** Control characters, line and paragraph separators, lone surrogates; bidirectional overrides, embeddings and isolates. */
const forbidden = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202A-\u202E\u2066-\u2069]/u;

/** A display name, trimmed and in Unicode's normal form C. */
export const participantNameSchema = v.pipe(
  v.string('should be a string'),
  v.transform((name) => name.trim().normalize('NFC')),
  v.nonEmpty('should not be empty'),
  v.check(
    (name) => !forbidden.test(name),
    'should have no control, line separator or text direction characters',
  ),
  v.check(
    (name) => [...name].length <= longestInCodePoints,
    `should have at most ${longestInCodePoints} characters`,
  ),
  v.check(
    (name) => Buffer.byteLength(name) <= longestInBytes,
    `should have at most ${longestInBytes} bytes of UTF-8`,
  ),
);
