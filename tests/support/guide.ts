/** The front end that docs/front-end.md shows, file by file, in a folder of its own. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Writes the snippets into a front end that has installed the client, and copied its example, as the guide says. */
export async function writeFrontEnd(): Promise<FrontEnd> {
  const outer = await mkdtemp(join(tmpdir(), 'booky-front-end-'));
  const directory = join(outer, 'front-end');
  const client = join(directory, 'node_modules', 'booky-meeting-client');
  await mkdir(client, { recursive: true });
  await symlink(join(repository, 'node_modules'), join(outer, 'node_modules'), 'dir');
  const run = promisify(execFile);
  await run('npm', ['run', 'client', '--', '--pack-destination', outer], { cwd: repository });
  const [archive = ''] = (await readdir(outer)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(outer, archive), '--strip-components=1', '-C', client]);
  await cp(join(client, 'dist', 'example'), join(directory, 'src', 'meeting'), { recursive: true });
  for (const [path, code] of snippets) await writeFile(join(directory, path), code);
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  return { directory, remove: () => rm(outer, { recursive: true, force: true }) };
}

/** As the strictest of Vite's and Next's templates set them; but CSS has no types here, and livekit-client's own have faults. */
const compilerOptions = {
  target: 'es2020',
  lib: ['ES2020', 'DOM', 'DOM.Iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  types: [],
  noUncheckedSideEffectImports: false,
  jsx: 'react-jsx',
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  moduleDetection: 'force',
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noFallthroughCasesInSwitch: true,
  skipLibCheck: true,
  noEmit: true,
};
