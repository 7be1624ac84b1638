import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** What a front end carries that imports these names, in bytes, minified and gzipped; fails on anything that is not the client's. */
async function sizeOf(names: string, from: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${names} from './client/${from}'`, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    charset: 'utf8',
    write: false,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  expect(inputs.filter((path) => !path.startsWith('client/'))).toEqual([]);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength;
}

test('asking for a token, in English, takes 2.3 KB of a front end', async () => {
  expect(await sizeOf('{ createTokenClient }', 'token-client.ts')).toBeLessThan(2_300);
});

test('all of it, in English and Spanish, takes 5.3 KB', async () => {
  expect(await sizeOf('*', 'index.ts')).toBeLessThan(5_300);
});
