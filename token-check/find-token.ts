/**
 * The token in what somebody pasted: the token alone, after `Bearer`, in quotes, in a whole answer of the endpoint, or within
 * an error message. A text without spaces and quotes is all token, as good or bad as it is; `undefined` where there is none.
 */
export function findToken(text: string): string | undefined {
  const alone = text.trim().replace(/^Bearer\s+/i, '');
  return /^[^\s"'{}]+$/.test(alone) ? alone : /eyJ[\w-]*(\.[\w-]+)+/.exec(text)?.[0];
}
