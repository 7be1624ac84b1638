import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { buildInto } from './support/bundle.ts';

test('the zip holds the bundle and nothing else', () => {
  const names = [...inject('packaged').files.keys()];
  expect(names).toContain('handlers/token.mjs');
  expect(names.filter((name) => !/^handlers\/(?:chunks\/)?[\w-]+\.mjs$/.test(name))).toEqual([]);
});

test('a file of an earlier build is gone after the next', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'booky-build-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const stale = join(directory, 'chunks/token-endpoint-OLDHASH0.mjs');
  await mkdir(join(stale, '..'), { recursive: true });
  await writeFile(stale, '');

  await buildInto(directory);
  const names = await readdir(directory, { recursive: true });
  expect(names).toContain('token.mjs');
  expect(names).not.toContain('chunks/token-endpoint-OLDHASH0.mjs');
});
