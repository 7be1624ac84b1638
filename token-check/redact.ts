/** Anything that looks like a JWT: text that begins like a JSON object in base64url, with or without the other two parts. */
const jwt = /eyJ[\w-]{8,}(\.[\w-]*){0,2}/g;

/** The text with every JWT in it replaced by `<token>`: LiveKit repeats the whole token when it refuses one. */
export function redact(text: string): string {
  return text.replace(jwt, '<token>');
}
