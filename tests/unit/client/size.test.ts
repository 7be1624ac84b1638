import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** What of the client a front end carries that runs this, in bytes, minified and gzipped; fails on anything that is not the client's. */
async function sizeOf(script: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: script, resolveDir: 'client', sourcefile: 'client/script' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    charset: 'utf8',
    write: false,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== 'client/script');
  expect(inputs.filter((path) => !path.startsWith('client/'))).toEqual([]);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength;
}

/** A KB is 1,024 bytes. */
test.each([
  [
    'asking for a token, in English',
    2.2,
    `import { createTokenClient } from './token-client.ts';
    createTokenClient();`,
  ],
  [
    'asking, joining, rejoining and moderation, in English and Spanish',
    3.5,
    `import { createModerator, createTokenClient, joinMeeting } from './index.ts';
    createModerator(createTokenClient());
    joinMeeting();`,
  ],
  [
    'the same with words for each end of a meeting and each fault of a device',
    4.4,
    `import { createModerator, createTokenClient, joinMeeting, textForDevice, textForEnd } from './index.ts';
    createModerator(createTokenClient());
    joinMeeting();
    textForEnd();
    textForDevice();`,
  ],
])('%s takes less than %d KB of a front end', async (_what, most, script) => {
  expect(await sizeOf(script)).toBeLessThan(most * 1024);
});
