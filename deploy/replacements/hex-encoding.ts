import type * as published from '@smithy/core/serde';

/** Node has this built in; the published module uses a table. */
export const toHex: typeof published.toHex = ({ buffer, byteOffset, byteLength }) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

export const fromHex: typeof published.fromHex = (encoded) => {
  const bytes = Buffer.from(encoded, 'hex');
  if (bytes.length * 2 !== encoded.length) throw new Error('This is not hexadecimal.');
  return bytes;
};
