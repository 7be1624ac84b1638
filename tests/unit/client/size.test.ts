import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** What a front end carries that imports these names, in bytes, minified and gzipped; fails on anything that is not the client's. */
async function sizeOf(names: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names} } from './client/index.ts'`, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  expect(inputs.filter((path) => !path.startsWith('client/'))).toEqual([]);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength;
}

test('asking for a token takes 2 KiB of a front end', async () => {
  expect(await sizeOf('createTokenClient, TokenError')).toBeLessThan(2_048);
});

test('with staying in the meeting it is not much more', async () => {
  expect(await sizeOf('createTokenClient, TokenError, forTokenSource, stayInMeeting')).toBeLessThan(2_816);
});
