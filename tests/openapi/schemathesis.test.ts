/** Schemathesis makes requests of docs/openapi.yaml, good ones and bad ones, and holds the answers to it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';
import { runTool } from './support/tools.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const document = pathOf('../../docs/openapi.yaml');

let laptop: Laptop;
/** For what it leaves behind. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-openapi-'));
  laptop = await startLaptop();
});
afterAll(async () => {
  await laptop?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The same requests in each run. */
async function schemathesis(path: string, maxExamples: number) {
  const bearer = await laptop.issuer.issueToken({ sub: 'user-001', name: 'Ana' });
  const run = ['run', path, '--url', laptop.api.url, '--header', `Authorization: Bearer ${bearer}`];
  const amount = ['--max-examples', String(maxExamples), '--seed', '1', '--continue-on-failure'];
  return runTool('schemathesis', ['--config-file', pathOf('schemathesis.toml'), ...run, ...amount], {
    directory: folder,
    environment: { SCHEMATHESIS_HOOKS: pathOf('hooks.py') },
  });
}

test('finds nothing', async () => {
  const { exitCode, output } = await schemathesis(document, 200);
  expect(output).toMatch(/No issues found/);
  expect(exitCode).toBe(0);
});

test.each([
  ['a request that the endpoint refuses', 'maxLength: 128', 'maxLength: 200', 'ST202'],
  [
    'an answer without one of its fields',
    '        - role\n',
    '        - role\n        - duration\n',
    'ST108',
  ],
  ['a status', '"400":', '"422":', 'ST103'],
])('finds where the document is wrong: %s', async (_, right, wrong, found) => {
  const text = await readFile(document, 'utf8');
  expect(text).toContain(right);
  const path = join(folder, 'wrong.yaml');
  await writeFile(path, text.replace(right, wrong));
  const { exitCode, output } = await schemathesis(path, 20);
  expect(output).toContain(found);
  expect(exitCode).toBe(1);
});
