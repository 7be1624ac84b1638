import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import client from '../../../client/package.json' with { type: 'json' };

/** The package's modules, as a front end imports them: the compiler makes each file of `dist` from the one of the same name. */
const alias = Object.fromEntries(
  Object.entries(client.exports).map(([path, file]) => [
    path.replace('.', client.name),
    resolve(file.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts')),
  ]),
);

/** What of the client a front end carries that runs this, in bytes, minified and gzipped; fails on anything that is not the client's. */
async function sizeOf(script: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: script, resolveDir: 'client', sourcefile: 'client/script' },
    alias,
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
    `import { createTokenClient } from 'booky-meeting-client/token-client';
    createTokenClient();`,
  ],
  [
    'asking, joining, rejoining and moderation, in English and Spanish',
    3.5,
    `import { createModerator, createTokenClient, joinMeeting } from 'booky-meeting-client';
    createModerator(createTokenClient());
    joinMeeting();`,
  ],
  [
    'the same with words for each end of a meeting and each fault of a device',
    4.4,
    `import { createModerator, createTokenClient, joinMeeting, textForDevice, textForEnd } from 'booky-meeting-client';
    createModerator(createTokenClient());
    joinMeeting();
    textForEnd();
    textForDevice();`,
  ],
])('%s takes less than %d KB of a front end', async (_what, most, script) => {
  expect(await sizeOf(script)).toBeLessThan(most * 1024);
});
