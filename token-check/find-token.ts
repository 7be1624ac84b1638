/**
 * Finds the token in pasted text: alone, after `Bearer`, in quotes, in a whole answer of the endpoint, or in an error message.
 * A text without spaces and quotes is returned unchanged, valid or not; `undefined` where there is no token.
 */
export function findToken(text: string): string | undefined {
  const alone = text.trim().replace(/^Bearer\s+/i, '');
  return /^[^\s"'{}]+$/.test(alone) ? alone : /eyJ[\w-]*(\.[\w-]+)+/.exec(text)?.[0];
}
