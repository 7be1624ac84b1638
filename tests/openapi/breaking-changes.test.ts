/**
 * What would break clients of the released contract is refused, unless it is meant: then the major version in package.json is
 * higher than the released one.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runTool } from './support/tools.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const released = pathOf('../../docs/openapi.released.yaml');
const current = pathOf('../../docs/openapi.yaml');

const documentSchema = v.object({ info: v.object({ version: v.string() }) });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-openapi-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What of the change breaks clients, in oasdiff's words; empty where nothing does. */
async function breakingChanges(before: string, after: string): Promise<string> {
  const levels = ['--severity-levels', pathOf('severity-levels.txt')];
  const { exitCode, output } = await runTool(
    'oasdiff',
    ['breaking', before, after, '--fail-on', 'ERR', '--color', 'never', ...levels],
    { directory: folder },
  );
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`oasdiff ended with ${exitCode}: ${output}`);
  return exitCode === 0 ? '' : output;
}

async function majorVersion(path: string): Promise<number> {
  const { info } = v.parse(documentSchema, parse(await readFile(path, 'utf8')));
  return Number.parseInt(info.version, 10);
}

test('docs/openapi.yaml breaks no client of docs/openapi.released.yaml, unless its major version says so', async () => {
  const isMeant = (await majorVersion(current)) > (await majorVersion(released));
  const changes = await breakingChanges(released, current);
  expect(isMeant ? '' : changes).toBe('');
});

describe('a change of the document', () => {
  test.each([
    ['a field of the answer goes', /^ {8}role:\n(?: {10}.*\n)+/m, '', 'response-required-property-removed'],
    ['a rule is stricter', 'maxLength: 128', 'maxLength: 127', 'request-property-max-length-decreased'],
    ['a code has another name', /not_a_member$/gm, 'no_member', 'response-property-enum-value-added'],
    ['an error has another status', '"415":', '"422":', 'response-non-success-status-removed'],
    [
      'a field is needed',
      'anyOf:\n        - required:\n            - reading_club_id',
      'required:\n        - participant_name\n      anyOf:\n        - required:\n            - reading_club_id',
      'request-property-became-required',
    ],
  ])('that breaks clients is found: %s', async (_, before, after, id) => {
    expect(await breakingChanges(current, await changed(before, after))).toContain(id);
  });

  test.each([
    ['a rule is less strict', 'maxLength: 128', 'maxLength: 129'],
    ['a description', 'What the others see.', 'What everyone sees.'],
    [
      'a field more in the answer',
      /^ {8}expires_at:\n/m,
      '        issued_at:\n          type: string\n        expires_at:\n',
    ],
  ])('that breaks none passes: %s', async (_, before, after) => {
    expect(await breakingChanges(current, await changed(before, after))).toBe('');
  });
});

/** A copy of the document with this change; fails if it changes nothing. */
async function changed(before: string | RegExp, after: string): Promise<string> {
  const text = await readFile(current, 'utf8');
  const different = text.replace(before, after);
  expect(different).not.toBe(text);
  const path = join(folder, 'changed.yaml');
  await writeFile(path, different);
  return path;
}
