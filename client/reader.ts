/** Whose JWT this is: its `sub`, not verified; `undefined` where it can't be read. */
export function readerOf(jwt: string): string | undefined {
  try {
    const bytes = atob(`${jwt.split('.')[1]}`.replace(/-/g, '+').replace(/_/g, '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))).sub;
  } catch {
    // Not a JWT, or an old React Native, which has neither `atob` nor `TextDecoder`.
    return undefined;
  }
}

/** Whether these are certainly two readers. */
export function areTwo(one: string | undefined, other: string | undefined): boolean {
  return Boolean(one && other && one !== other);
}
