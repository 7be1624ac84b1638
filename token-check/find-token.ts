/** Text that begins like a JSON object in base64url, and what follows it with dots. */
const jwt = /eyJ[\w-]{8,}(\.[\w-]+)*\.?/g;

/** `{"alg":"HS256"` in base64url, wherever the usual libraries put it. */
const hs256 = /^[\w-]*IUzI1Ni/;

/** A whole token of HS256. Its signature has 43 characters, so what follows on another line is not taken for a part of it. */
const whole = /eyJ[\w-]+\.[\w-]+\.[\w-]{43}(?![\w-]|\.[\w-])/;

/**
 * Finds the token in pasted text: alone, truncated or broken over lines, in a header, a URL, a log line, JSON of any backend, an
 * error message. Of several it takes the first that is whole and signed as LiveKit wants it, else the first so signed, else the
 * first. A single word without one is returned as it is, so that it can be judged; `undefined` where there is no token.
 */
export function findToken(text: string): string | undefined {
  // A full stop may follow a token that has all its parts.
  const found = Array.from(text.matchAll(jwt), ([token]) => token.replace(/^((?:[^.]+\.){2}[^.]+)\.$/, '$1'));
  const alone = text.trim().replace(/^Bearer\s+/i, '');
  const [unbroken] = whole.exec(text.replace(/\s*\n\s*/g, '')) ?? [];
  return (
    unbroken ??
    found.find((token) => hs256.test(token)) ??
    found[0] ??
    (/^[^\s"'{}]+$/.test(alone) ? alone : undefined)
  );
}

/** The text with everything that looks like a JWT replaced by `<token>`: LiveKit repeats the whole token when it refuses one. */
export function redact(text: string): string {
  return text.replace(/eyJ[\w-]{8,}(\.[\w-]*){0,2}/g, '<token>');
}
