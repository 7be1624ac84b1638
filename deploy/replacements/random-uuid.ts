import { randomUUID } from 'node:crypto';

/** The published module would load Web Crypto for a UUID. */
export const bindV4 = () => randomUUID;
