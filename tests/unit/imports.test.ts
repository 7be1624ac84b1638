/**
 * Which room of the repository imports from which. The text is searched, not the syntax: so `require` counts, and so do types,
 * also those in doc comments.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The rooms that each room may import from, in addition to itself and packages. None imports from tests/. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  // The token function's own bundle has nothing of token-check/: tests/package/budget.test.ts.
  handlers: ['lib', 'token-check'],
  client: ['lib'],
  'stand-ins': ['lib'],
  'token-check': ['lib'],
  deploy: ['lib'],
  local: ['client', 'deploy', 'lib', 'stand-ins', 'token-check'],
  scripts: ['bench', 'client', 'deploy', 'lib', 'local', 'stand-ins', 'token-check'],
  bench: ['deploy', 'stand-ins'],
  tests: ['bench', 'client', 'deploy', 'handlers', 'lib', 'local', 'scripts', 'stand-ins', 'token-check'],
};

/** The relative paths that a file's text imports, in whatever way. */
function importsIn(text: string): string[] {
  const imports = /\b(?:from|import|require(?:\.resolve)?|new URL)\s*\(?\s*['"`](\.[^'"`]*)['"`]/g;
  return [...text.matchAll(imports)].map(([, path = '']) => path);
}

/** Every source file below a folder of the repository, by its path in the repository. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isOurs = entry.name !== 'node_modules' && !entry.name.startsWith('.');
      return isOurs ? sourcesIn(path) : [];
    }
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

const sources = sourcesIn('.').filter((path) => path.includes(sep));
const roomOf = (path: string) => path.split(sep)[0] ?? '';
const rooms = new Set(sources.map(roomOf));

test('every room has its line in the table', () => {
  expect([...rooms].filter((room) => mayImport[room] === undefined)).toEqual([]);
});

test('rooms import only what the table allows', () => {
  const wrong = sources.flatMap((source) => {
    const text = readFileSync(join(repository, source), 'utf8');
    return importsIn(text).flatMap((path) => {
      const [from, to] = [roomOf(source), roomOf(join(dirname(source), path))];
      const isAllowed = from === to || !rooms.has(to) || mayImport[from]?.includes(to);
      return isAllowed ? [] : [`${source} imports ${path}`];
    });
  });
  expect(wrong).toEqual([]);
});

test('no file of lib/ imports itself by way of others, types included', () => {
  const importsOf = (path: string) =>
    importsIn(readFileSync(join(repository, path), 'utf8')).map((to) => join(dirname(path), to));
  const circles = new Set<string>();
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.add([...trail.slice(trail.indexOf(path)), path].join(' → '));
    else if (!done.has(path)) for (const next of importsOf(path)) follow(next, [...trail, path]);
    done.add(path);
  };
  const done = new Set<string>();
  for (const path of sources.filter((source) => roomOf(source) === 'lib')) follow(path, []);
  expect([...circles]).toEqual([]);
});

test.each([
  "import { a } from '../tests/a.ts';",
  "import type { A } from '../tests/a.ts';",
  "import '../tests/a.ts';",
  "export * from '../tests/a.ts';",
  "import {\n  a,\n} from '../tests/a.ts';",
  "await import('../tests/a.ts')",
  "await import(\n  '../tests/a.ts'\n)",
  "let a: typeof import('../tests/a.ts');",
  "/** @param {import('../tests/a.ts').A} a */",
  "const { a } = require('../tests/a.ts');",
  'require("../tests/a.ts")',
  "require.resolve('../tests/a.ts')",
  "new URL('../tests/a.ts', import.meta.url)",
])('an import is found: %j', (text) => {
  expect(importsIn(text)).toEqual(['../tests/a.ts']);
});
