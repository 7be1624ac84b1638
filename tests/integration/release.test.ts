/**
 * `npm run release`, `conclude` and `go-back`: each situation, what is printed, the exit status, what the CLI is told, and which
 * versions count as passed afterwards. What AWS and the CLI do is in the hands of the test.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Aws, startAws, versionAt } from '../support/aws-answering.ts';
import { type Faults, startDeployment } from '../support/deployment.ts';
import { startAnswering } from '../support/livekit-answering.ts';
import { runScript, type ScriptOptions, type ScriptResult } from '../support/run-script.ts';

type Replies = NonNullable<Faults['replies']>;

/** Version 1 is in place and has passed its checks; the CLI deploys version 2, and rolls back to the one that it is told. */
interface Scene extends Aws {
  bearer: string;
  /** How the deployment answers, from now on. */
  answers: (replies: Replies) => void;
  /** What is in place, from now on. */
  put: (version: string, more?: Partial<Aws['stack']>) => void;
  run: (
    command: string,
    args: readonly string[],
    options?: Omit<ScriptOptions, 'directory'>,
  ) => Promise<ScriptResult>;
}

async function setUp(faults: Faults = {}): Promise<Scene> {
  const aws = await startAws();
  faults.answer = { server_url: await startAnswering({ status: 200, body: 'success' }) };
  const target = await startDeployment(faults);
  const bearer = await target.bearer();
  const scene: Scene = Object.assign(aws, {
    bearer,
    answers: (replies: Replies) => Object.assign(faults, { replies }),
    put: (version: string, more: Partial<Aws['stack']> = {}) => {
      scene.stack = { status: 'UPDATE_COMPLETE', url: target.url, ...scene.stack, version, ...more };
      scene.upload(version);
    },
    run: (command: string, args: readonly string[], { environment = {}, ...options }: ScriptOptions = {}) =>
      runScript('scripts/release.ts', [command, '--stage', 'prod', ...args], {
        environment: { ...aws.environment, BEARER_TOKEN: bearer, ...environment },
        directory: aws.directory,
        ...options,
      }),
  });
  scene.put(versionAt(1));
  scene.cli = deploying(scene);
  return scene;
}

/** The CLI: a deployment leaves a version that answers like this, and a rollback a good one. */
function deploying(scene: Scene, replies: Replies = {}, leave = leaves['new']): Aws['cli'] {
  return ([command, ...args]) => {
    scene.answers(command === 'rollback' ? {} : replies);
    if (command !== 'rollback') leave?.(scene);
    else scene.put(versionAt((Number(args.at(-1)) - Date.UTC(2026, 0, 1)) / 1000));
    return 0;
  };
}

const passedIn = ({ objects }: Aws) =>
  [1, 2, 3, 4].filter((second) =>
    objects.has(`passed/${versionAt(second)}/compiled-cloudformation-template.json`),
  );
const commandsOf = ({ commands }: Aws) => commands.map(([name]) => name).join(' ');

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const smoke = ['--', '--club', '123'];

/** How a version answers. What is bad is a wrong answer that no time cures. */
const bad: Replies = { 'bad body': { status: 200, body: {} } };
const answers: Readonly<Record<string, Replies>> = {
  good: {},
  bad,
  worse: { ...bad, 'no bearer': { status: 200, body: {} } },
  'no token': { token: { status: 503, body: { code: 'credentials_unavailable', error: 'Later.' } } },
  refused: { token: { status: 401, body: {} } },
};

/** What there is before, but for a version that answers. */
const before: Readonly<Record<string, (scene: Scene) => void>> = {
  nothing: (scene) => {
    scene.stack = undefined;
    scene.objects.clear();
  },
  'no package': (scene) => {
    for (const key of scene.objects) if (key.startsWith(versionAt(1))) scene.objects.delete(key);
    scene.put(versionAt(7));
  },
  // Somebody deployed an older package, or has a slower clock.
  'newer left': ({ upload }) => upload(`left/${versionAt(9)}`),
  'no S3': (scene) => Object.assign(scene, { isBucketDenied: true }),
  'no access': (scene) => Object.assign(scene, { isDenied: true }),
  'an update': ({ put }) => put(versionAt(1), { status: 'UPDATE_IN_PROGRESS' }),
};

/** What the CLI leaves. */
const leaves: Readonly<Record<string, (scene: Scene) => void>> = {
  new: ({ put }) => put(versionAt(2)),
  another: ({ put }) => put(versionAt(7), { commit: 'abc' }),
  undone: ({ put }) => put(versionAt(1), { status: 'UPDATE_ROLLBACK_COMPLETE' }),
  'half-way': ({ put }) => put(versionAt(1), { status: 'UPDATE_ROLLBACK_FAILED' }),
  nothing: (scene) => Object.assign(scene, { stack: undefined }),
  'no access': (scene) => Object.assign(scene, { isDenied: true }),
  settling: (scene) => {
    scene.put(versionAt(2));
    scene.put(versionAt(2), { status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', next: scene.stack });
  },
  replaced: (scene) => {
    scene.put(versionAt(7));
    scene.put(versionAt(2), { next: scene.stack });
  },
};

const rowsOf = (table: string) =>
  table
    .split('\n')
    .flatMap((line) => (line.includes('|') ? [line.split('|').map((cell) => cell.trim())] : []));

const [, ...refusals] = rowsOf(`
  before    | JWT     | arguments                                     | says
  good      | good    | -- --club 123 --clubb 1                       | --clubb
  good      | good    | -- --club 123 --origin https://booky.example/ | --origin should be
  good      | good    | --stagee prod -- --club 123                   | --stagee
  good      | good    | -- --club 123 --bearer-command false          | --bearer-command should print
  good      | expired | -- --club 123                                 | the reader’s JWT expired at
  nothing   | expired | -- --club 123                                 | the reader’s JWT expired at
  refused   | HS256   | -- --club 123                                 | Nothing was deployed: signed with HS256
  no access | good    | -- --club 123                                 | can’t be read: The security token included
  an update | good    | -- --club 123                                 | another deployment is under way (UPDATE_IN_PROGRESS)
`);
const jwts: Readonly<Record<string, Faults['bearer']>> = {
  expired: { exp: inSeconds(-5) },
  HS256: { alg: 'HS256' },
};
test.each(refusals)(
  'nothing is deployed: before %s, JWT %s, %s',
  async (given = '', jwt = '', args = '', says = '') => {
    const { [jwt]: bearer = {} } = jwts;
    const scene = await setUp({ bearer, replies: answers[given] ?? {} });
    before[given]?.(scene);
    const { exitCode, stderr } = await scene.run('release', args.split(' '));
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(says) });
    expect(scene.commands).toEqual([]);
  },
);

// The CLI's own exit status, what it leaves, how that answers; what the release asks of the CLI, its exit status, and the versions
// that count as passed afterwards.
const [, ...releases] = rowsOf(`
  before     | CLI | leaves    | answers | asked           | exit | passed | says
  good       | 0   | new       | good    | deploy          | 0    | 1,2    | The new version is in place, and passes its checks
  good       | 0   | new       | bad     | deploy rollback | 1    | 1      | fails its checks: bad body 200 .*Gone back. In place is .*:01
  bad        | 0   | new       | worse   | deploy rollback | 1    | 1      | fails its checks: no bearer .*Gone back
  bad        | 0   | new       | bad     | deploy          | 1    | 1      | place..Wrong before, and not its fault: bad body
  no token   | 0   | new       | bad     | deploy rollback | 1    | 1      | fails its checks: bad body 200 .*Gone back
  no token   | 0   | new       | refused | deploy          | 1    | 1      | place..It can’t be told whether this was wrong before: sign-in 401
  nothing    | 0   | new       | bad     | deploy          | 1    |        | No other version has passed its checks: .*:02.*stays in place
  newer left | 0   | new       | bad     | deploy rollback | 1    | 1      | Gone back. In place is .*00:00:01
  no package | 0   | new       | bad     | deploy rollback | 1    | 1      | Gone back. In place is .*00:00:01
  good       | 1   | new       | good    | deploy          | 0    | 1,2    | The command failed, but the new version is in place
  good       | 1   | settling  | good    | deploy          | 0    | 1,2    | still changing the stack .UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
  good       | 1   | undone    | good    | deploy          | 1    | 1      | not in place. In place is the version of 2026-01-01T00:00:01
  good       | 0   | another   | good    | deploy          | 1    | 1      | not in place. In place is .*00:00:07.*commit abc
  good       | 1   | half-way  | good    | deploy          | 1    | 1      | half-way .UPDATE_ROLLBACK_FAILED.: in place is .*:01.*, or
  good       | 1   | nothing   | good    | deploy          | 1    | 1      | not in place. Nothing is deployed
  good       | 1   | no access | good    | deploy          | 1    | 1      | not known, because the stack can’t be read: The security token
  good       | 0   | replaced  | bad     | deploy          | 1    | 1      | Another deployment has replaced the new version. .*:07
  no S3      | 0   | new       | good    | deploy          | 1    | 1      | passes its checks.*No release can go back to it
  no S3      | 0   | new       | bad     | deploy          | 1    | 1      | Going back has failed .*: the version of .*:02.* stays
`);
test.each(releases)(
  'before %s; the CLI ends with %s, leaves %s, which answers %s: %s',
  async (given = '', cli, left = '', version = '', asked, exit, passed, says = '') => {
    const scene = await setUp({ replies: answers[given] ?? {} });
    before[given]?.(scene);
    const deploy = deploying(scene, answers[version], leaves[left]);
    scene.cli = async (...call) => (await deploy(...call)) || Number(cli);
    const { exitCode, stdout, stderr } = await scene.run('release', smoke);
    expect({ exitCode, stderr }).toEqual({
      exitCode: Number(exit),
      stderr: expect.stringMatching(new RegExp(says, 's')),
    });
    expect(commandsOf(scene)).toBe(asked);
    expect(passedIn(scene).join()).toBe(passed);
    if (!asked?.includes('rollback')) return;
    // What is in place after going back is checked too, and its package is where the CLI looks for it.
    expect(stdout.trim().split('\n').at(-1)).toBe('Nothing is wrong.');
    expect(stderr).not.toContain('Stream of unknown length');
    expect(scene.objects).toContain(`${versionAt(1)}/token.zip`);
  },
);

test('a fourth version that passes pushes the oldest out; without checks nothing is kept', async () => {
  const scene = await setUp();
  for (const second of [2, 3]) scene.upload(`passed/${versionAt(second)}`);
  scene.cli = deploying(scene, {}, ({ put }) => put(versionAt(4)));
  expect(await scene.run('release', [])).toMatchObject({
    exitCode: 0,
    stdout: `version=${versionAt(4)}\nurl=${scene.stack?.url}\n`,
    stderr: expect.stringContaining('In place is the version of 2026-01-01T00:00:04'),
  });
  expect(passedIn(scene)).toEqual([1, 2, 3]);
  scene.put(versionAt(1));
  expect(await scene.run('release', smoke)).toMatchObject({ exitCode: 0 });
  expect(passedIn(scene)).toEqual([2, 3, 4]);
});

test('where going back fails, this is said', async () => {
  const scene = await setUp();
  const deploy = deploying(scene, bad);
  scene.cli = (args, ...more) => (args[0] === 'rollback' ? 1 : deploy(args, ...more));
  expect(await scene.run('release', smoke)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/Going back has failed\. In place is .*00:00:02/),
  });
});

/** Makes the working directory a clone, and commits to it. */
function clone({ directory }: Scene) {
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.example'];
    return (await promisify(execFile)('git', [...identity, ...args], { cwd: directory })).stdout.trim();
  };
  const commit = async (message: string) => {
    await git('init', '-q');
    await git('commit', '-q', '--allow-empty', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  return { git, commit };
}

test('a commit replaces the one in place only if it contains it', async () => {
  const scene = await setUp();
  const { git, commit } = clone(scene);
  const older = await commit('older');
  const newer = await commit('newer');
  scene.cli = (_, { RELEASE_COMMIT: told = '' }) => {
    scene.put(versionAt(2), { commit: told });
    return 0;
  };
  scene.put(versionAt(1), { commit: older });
  expect(await scene.run('release', smoke)).toMatchObject({ exitCode: 0 });
  expect(scene.stack?.commit).toBe(newer);

  await git('checkout', '-q', older);
  const aside = await commit('aside');
  for (const head of [older, aside]) {
    await git('checkout', '-q', head);
    const { exitCode, stderr } = await scene.run('release', smoke);
    const words = `(commit ${newer.slice(0, 7)}), which commit ${head.slice(0, 7)} does not contain`;
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(words) });
  }
  expect(commandsOf(scene)).toBe('deploy');
});

test('in a clone, a version that names no commit is this release’s own only if a package was given', async () => {
  const scene = await setUp();
  await clone(scene).commit('x');
  scene.cli = deploying(scene);
  expect(await scene.run('release', smoke)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/not in place. In place is .*00:00:02/),
  });
  scene.put(versionAt(1));
  expect(await scene.run('release', ['-p', '.serverless', ...smoke])).toMatchObject({ exitCode: 0 });
});

test('a JWT that expires meanwhile is no reason to go back', async () => {
  const exp = inSeconds(4);
  const scene = await setUp({ bearer: { exp } });
  const deploy = deploying(scene, answers['refused']);
  scene.cli = async (...call) => {
    await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now()));
    return deploy(...call);
  };
  expect(await scene.run('release', smoke)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('The new version is in place, and unchecked: the bearer has expired'),
  });
  expect(commandsOf(scene)).toBe('deploy');
});

test('a command prints a new JWT for each check; neither that nor a password reaches the CLI', async () => {
  const scene = await setUp();
  let seen: string[] = [];
  scene.cli = (_, variables) => {
    seen = Object.keys(variables).filter((name) => /BEARER|SIGN_IN/.test(name));
    scene.put(versionAt(2));
    return 0;
  };
  const asked = join(scene.directory, 'asked');
  const times = (most: number) =>
    `echo x >> '${asked}'; [ "$(wc -l < '${asked}')" -le ${most} ] && echo ${scene.bearer}`;
  const environment = { SIGN_IN_PASSWORD: 'p' };
  const { exitCode } = await scene.run('release', [...smoke, '--bearer-command', times(3)], { environment });
  expect({ exitCode, seen }).toEqual({ exitCode: 0, seen: [] });

  // Where it fails after the deployment, the version stays.
  expect(await scene.run('release', [...smoke, '--bearer-command', times(5)])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('in place, and unchecked: the checks could not be made'),
  });
  expect(commandsOf(scene)).toBe('deploy deploy');
});

test('a rollback is told only what it takes, and all use one profile', async () => {
  const scene = await setUp();
  scene.cli = deploying(scene, bad);
  await mkdir(join(scene.directory, '.aws'));
  const profile = '[readers]\naws_access_key_id = ours\naws_secret_access_key = secret\n';
  await writeFile(join(scene.directory, '.aws/credentials'), profile);
  const args = '--force --package .serverless --param secret=a/b --aws-profile readers --verbose';
  await scene.run('release', [...args.split(' '), ...smoke]);
  const [timestamp] = versionAt(1).split('-');
  expect(scene.commands.map((words) => words.join(' '))).toEqual([
    `deploy --stage prod ${args}`,
    `rollback --stage=prod --param=secret=a/b --aws-profile=readers --verbose --timestamp ${timestamp}`,
  ]);
  expect([...scene.callers]).toEqual(['ours']);
});

test('SIGTERM while it deploys ends the CLI, and what is in place is said', async () => {
  const scene = await setUp();
  let cli = 0;
  const onStart: ScriptOptions['onStart'] = (child) => {
    scene.cli = (_args, _variables, pid) => {
      cli = pid;
      scene.put(versionAt(2), { status: 'UPDATE_IN_PROGRESS' });
      child.kill('SIGTERM');
      return new Promise(() => {});
    };
  };
  expect(await scene.run('release', smoke, { onStart })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/Interrupted[\s\S]*still changing the stack \(UPDATE_IN_PROGRESS\)/),
  });
  expect(() => process.kill(cli, 0)).toThrow('ESRCH');
});

test('SIGTERM while a command is to print the JWT ends that command', async () => {
  const scene = await setUp();
  const start = Date.now();
  const deploy = deploying(scene);
  scene.cli = async (...call) => {
    await writeFile(join(scene.directory, 'deployed'), '');
    return deploy(...call);
  };
  const command = `[ -e deployed ] || { echo ${scene.bearer}; exit; }; echo asked >&2; exec sleep 60`;
  let end = () => {};
  const { stderr } = await scene.run('release', [...smoke, '--bearer-command', command], {
    onStart: (child) => {
      end = () => child.kill('SIGTERM');
    },
    onStderr: (text) => {
      if (/asked\n$/.test(text)) end();
    },
  });
  expect(stderr).toMatch(/Interrupted: nothing more is done\. In place is .*00:00:02/);
  // All that could write to standard error has ended.
  expect(Date.now() - start).toBeLessThan(30_000);
});

test('Ctrl-C while it checks leaves a version that no release goes back to', async () => {
  const scene = await setUp();
  scene.cli = deploying(scene, bad);
  let interrupt = () => {};
  const interrupted = await scene.run('release', [...smoke, '--wait', '60'], {
    onStart: (child) => {
      interrupt = () => child.kill('SIGINT');
    },
    onStderr: (text) => {
      if (/Not yet/.test(text) && !/Interrupted/.test(text)) interrupt();
    },
  });
  expect(interrupted).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/Interrupted: nothing more is done\. In place is .*00:00:02/),
  });
  expect(passedIn(scene)).toEqual([1]);
});

test('go-back leaves a version that turned out to be wrong for good, and does not leave a good one when it runs twice', async () => {
  const scene = await setUp();
  for (const second of [2, 3]) scene.upload(`passed/${versionAt(second)}`);
  scene.put(versionAt(3));
  for (const [args, exitCode, says, passed] of [
    [[], 0, 'Gone back. In place is the version of 2026-01-01T00:00:02', [1, 2]],
    [[], 1, 'it was gone back to already; to leave it too, add "-- --again"', [1, 2]],
    [['--', '--again'], 0, 'Gone back. In place is the version of 2026-01-01T00:00:01', [1]],
    [['--', '--again'], 1, 'No other version has passed its checks', [1]],
  ] as const) {
    expect(await scene.run('go-back', args)).toMatchObject({
      exitCode,
      stderr: expect.stringContaining(says),
    });
    expect(passedIn(scene)).toEqual(passed);
  }
});

const [, ...conclusions] = rowsOf(`
  checks before | after   | in place | asked    | exit | says
  good          | good    | 2        |          | 0    | in place, and passes its checks
  good          | crossed | 2        | rollback | 1    | fails its checks: a b .c..*Gone back. In place is .*00:00:01
  crossed       | crossed | 2        |          | 1    | Wrong before, and not its fault
  no token      | LiveKit | 2        |          | 1    | It can’t be told whether this was wrong before: LiveKit b
  good          | none    | 2        |          | 1    | unchecked: the checks could not be made
  good          | cut off | 2        |          | 1    | unchecked: the checks could not be made
  cut off       | crossed | 2        |          | 1    | unchecked: the checks could not be made
  good          | crossed | 3        |          | 1    | Another deployment has replaced the new version. In place is .*:03
`);
test.each(conclusions)(
  'in the pipeline, checks of version 2 before %s, after %s, in place %s: %s',
  async (first, second, inPlace, asked, exit, says = '') => {
    const scene = await setUp();
    scene.put(versionAt(Number(inPlace)));
    const good = { mark: 'good', code: 'answered', subject: 'a', value: 'b', meaning: 'c', notes: [] };
    const crossed = { ...good, mark: 'bad', code: 'cors-refused' };
    const reports: Readonly<Record<string, object[]>> = {
      good: [good],
      crossed: [crossed],
      'no token': [{ ...crossed, code: 'credentials_unavailable' }],
      LiveKit: [good, { ...crossed, code: 'no-such-key', subject: 'LiveKit' }],
    };
    const write = (file: string, of = '', { [of]: checks } = reports) => {
      const text = checks === undefined ? '' : JSON.stringify({ url: 'x', checks });
      return writeFile(join(scene.directory, file), of === 'cut off' ? '{"url":"x","che' : text);
    };
    await Promise.all([write('before.json', first), write('after.json', second)]);
    const args = ['--', versionAt(2), 'before.json', 'after.json'];
    const { exitCode, stderr } = await scene.run('conclude', args);
    expect({ exitCode, stderr }).toEqual({
      exitCode: Number(exit),
      stderr: expect.stringMatching(new RegExp(says, 's')),
    });
    expect(commandsOf(scene)).toBe(asked);
    expect(passedIn(scene)).toEqual(exit === '0' ? [1, 2] : [1]);
  },
);
