/** What this uses of a browser, where it is there: React Native and Node lack some. */
interface Environment {
  navigator?: { onLine?: boolean; languages?: readonly string[] };
  addEventListener?: (event: string, listener: () => void, options: { signal: AbortSignal }) => void;
  reportError?: (error: unknown) => void;
}

export const environment: Environment = globalThis;

/** Whether the browser says that it is offline. A browser that says nothing may be. */
export const isOffline = (): boolean => environment.navigator?.onLine === false;
