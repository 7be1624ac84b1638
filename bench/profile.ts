/**
 * `npm run bench:profile`: shows what the time of a cold start is spent on, from the start of the process to the first answer, for
 * the function and for the one without dependencies. A profiler slows the code down, so compare the shares, not the times.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { tokenEvent } from '../stand-ins/lambda/event.ts';
import { startFunction } from '../stand-ins/lambda/runtime-api.ts';
import { startSecretsManager } from '../stand-ins/secrets-manager.ts';
import { buildProfiled, type Candidate } from './candidates.ts';
import { credentials, secretName } from './measure.ts';
import { findNode24 } from './node24.ts';
import { type ProfileRow, profileTable } from './publish.ts';

const starts = 20;
const samplingMicroseconds = 100;
const exitHook = fileURLToPath(new URL('exit-on-sigterm.cjs', import.meta.url));

const profileSchema = v.object({
  nodes: v.array(
    v.object({
      id: v.number(),
      callFrame: v.object({
        functionName: v.string(),
        url: v.string(),
        lineNumber: v.number(),
        columnNumber: v.number(),
      }),
      children: v.optional(v.array(v.number()), []),
    }),
  ),
  samples: v.array(v.number()),
  /** Microseconds since the sample before. */
  timeDeltas: v.array(v.number()),
});
type Profile = v.InferOutput<typeof profileSchema>;
type CallFrame = Profile['nodes'][number]['callFrame'];

/** The source file of a call; `undefined` for code that is not in the bundle, or that esbuild added. */
type SourceOf = (frame: CallFrame) => string | undefined;

/** Milliseconds per start, by what they were spent on. */
type Times = Map<string, number>;

const node = await findNode24();
console.error(`Node ${node.version}, ${starts} starts each`);
const candidates = await buildProfiled();
const secretsManager = await startSecretsManager();
secretsManager.put(secretName, JSON.stringify(credentials));
secretsManager.latencyMs = 20;
try {
  const columns = await Promise.all(
    candidates.map(async (candidate) => {
      const times: Times = new Map();
      return { candidate, times, sourceOf: await readSourceMap(candidate.directory) };
    }),
  );
  // Alternately, so that other load on the machine affects both.
  for (let start = 0; start < starts; start += 1) {
    for (const { candidate, times, sourceOf } of columns) addTimes(times, await profile(candidate), sourceOf);
  }
  const purposes = [...new Set(columns.flatMap(({ times }) => [...times.keys()]))];
  const rows = purposes.map((purpose): ProfileRow => {
    const [product = 0, limit = 0] = columns.map(({ times }) => times.get(purpose) ?? 0);
    return { purpose, product, limit };
  });
  rows.sort((a, b) => b.product - a.product);
  const file = new URL('results/profile.json', import.meta.url);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, `${JSON.stringify(rows, undefined, 2)}\n`);
  console.log(profileTable(rows));
  console.log(`As JSON: ${fileURLToPath(file)}`);
} finally {
  await Promise.all([secretsManager.close(), ...candidates.map(({ remove }) => remove())]);
}

/** Profiles one start of a candidate. */
async function profile(candidate: Candidate): Promise<Profile> {
  const directory = await mkdtemp(join(tmpdir(), 'booky-profile-'));
  try {
    const lambda = await startFunction({
      directory: candidate.directory,
      env: { ...secretsManager.environment, LIVEKIT_SECRET_ID: secretName },
      nodePath: node.path,
      nodeOptions: [
        '--cpu-prof',
        `--cpu-prof-interval=${samplingMicroseconds}`,
        `--cpu-prof-dir=${directory}`,
        `--require=${exitHook}`,
      ],
    });
    await lambda.invoke(tokenEvent());
    await lambda.terminate();
    const [file] = await readdir(directory);
    if (file === undefined) throw new Error(`${candidate.name} left no profile`);
    return v.parse(profileSchema, JSON.parse(await readFile(join(directory, file), 'utf8')));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function addTimes(times: Times, { nodes, samples, timeDeltas }: Profile, sourceOf: SourceOf): void {
  const byId = new Map(nodes.map((entry) => [entry.id, entry]));
  const parents = new Map(nodes.flatMap(({ id, children }) => children.map((child) => [child, id] as const)));
  const stackOf = (id: number): CallFrame[] => {
    const entry = byId.get(id);
    const parent = parents.get(id);
    if (entry === undefined) return [];
    return [entry.callFrame, ...(parent === undefined ? [] : stackOf(parent))];
  };
  const spentOn = new Map(nodes.map(({ id }) => [id, purposeOf(stackOf(id), sourceOf)]));
  samples.forEach((id, index) => {
    const purpose = spentOn.get(id) ?? 'unknown';
    const ms = (timeDeltas[index] ?? 0) / 1000 / starts;
    times.set(purpose, (times.get(purpose) ?? 0) + ms);
  });
}

/** @param stack the innermost call first */
function purposeOf(stack: readonly CallFrame[], sourceOf: SourceOf): string {
  const [frame] = stack;
  if (frame === undefined) return 'unknown';
  const { functionName, url } = frame;
  if (functionName === '(idle)') return 'waiting, for the secret above all';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === 'compileSourceTextModule') return 'V8 reads the bundle';
  if (stack.some((caller) => caller.functionName === 'compileForInternalLoader'))
    return 'Node loads its own modules';
  if (url.startsWith('node:')) return 'Node’s JavaScript: HTTP, streams, modules';
  const source = sourceOf(frame);
  if (source === undefined) {
    if (url === '') return 'Node and V8, native';
    return url.includes('/handlers/') ? 'the bundle’s top level' : 'the runtime';
  }
  const name = /^(?:.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
  return name === undefined ? 'this repository’s code' : name;
}

async function readSourceMap(directory: string): Promise<SourceOf> {
  const bundle = 'handlers/token.mjs';
  const map = new SourceMap(JSON.parse(await readFile(join(directory, `${bundle}.map`), 'utf8')));
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.endsWith(bundle)) return undefined;
    const entry = map.findEntry(lineNumber, columnNumber);
    return 'originalSource' in entry ? entry.originalSource : undefined;
  };
}
