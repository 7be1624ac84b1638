/** A response of Node's HTTP client is neither. To compare it with them, Node would load all of web streams. */
export const isReadableStream = () => false;
export const isBlob = () => false;
