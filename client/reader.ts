/** Whose JWT this is: its `sub`, not verified; `undefined` where it can't be read. */
export function readerOf(jwt: string): string | undefined {
  try {
    const [, payload = ''] = jwt.split('.');
    // `escape` makes UTF-8 of bytes where there is no `TextDecoder`, as on React Native.
    return JSON.parse(decodeURIComponent(escape(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))))).sub;
  } catch {
    // Not a JWT, or an old React Native, which has no `atob`.
    return undefined;
  }
}

/** Whether this JWT is certainly not this reader's. */
export function isOfAnother(jwt: string, reader: string | undefined): boolean {
  const owner = readerOf(jwt);
  return Boolean(reader && owner && reader !== owner);
}
