/** The front end that docs/front-end.md shows, file by file, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export const guide = await readFile(join(repository, 'docs', 'front-end.md'), 'utf8');

/** The guide's blocks of TypeScript by the path that stands in their first line; `''` for a block that has none. */
export const snippets = new Map(
  Array.from(
    guide.matchAll(/^```tsx?\n(?:\/\/ (src\/\S+)\n)?([\s\S]*?)^```$/gm),
    ([, path = '', code = '']) => [path, code],
  ),
);

export interface FrontEnd {
  directory: string;
  remove: () => Promise<void>;
}

/**
 * Writes the snippets and copies the client to them with the guide's own command.
 *
 * @param adapt what the front end's developer would change in a file: addresses, for instance
 */
export async function writeFrontEnd(adapt: (code: string) => string = (code) => code): Promise<FrontEnd> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-front-end-'));
  for (const [path, code] of snippets) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await writeFile(join(directory, path), adapt(code));
  }
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'), 'dir');
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  await promisify(execFile)('npm', ['run', 'client', '--', join(directory, 'src', 'meeting-token')], {
    cwd: repository,
  });
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** As Vite's template for React sets them. */
const compilerOptions = {
  target: 'es2023',
  lib: ['ES2023', 'DOM'],
  module: 'esnext',
  moduleResolution: 'bundler',
  types: [],
  jsx: 'react-jsx',
  verbatimModuleSyntax: true,
  moduleDetection: 'force',
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noFallthroughCasesInSwitch: true,
  skipLibCheck: true,
  noEmit: true,
};
