/** `npm run release` and `npm run go-back` when a second thing goes wrong, with what AWS and the CLI do in the hands of the test. */
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Aws, startAws, versionAt } from '../support/aws-answering.ts';
import { type Faults, startDeployment } from '../support/deployment.ts';
import { startAnswering } from '../support/livekit-answering.ts';
import { runScript, type ScriptOptions, type ScriptResult } from '../support/run-script.ts';

interface Scene {
  aws: Aws;
  /** What is wrong with the deployment, from now on. */
  faults: Faults;
  bearer: string;
  release: (given?: Given) => Promise<ScriptResult>;
}

interface Given extends Omit<ScriptOptions, 'input' | 'directory'> {
  deployment?: string[];
  checks?: string[];
}

/** Version 1 is in place, and the CLI deploys version 2, and rolls back to the one that it is told. */
async function setUp(faults: Faults = {}): Promise<Scene> {
  const aws = await startAws();
  faults.answer = { server_url: await startAnswering({ status: 200, body: 'success' }) };
  const target = await startDeployment(faults);
  const bearer = await target.bearer();
  aws.stack = { status: 'UPDATE_COMPLETE', version: versionAt(1), url: target.url };
  aws.cli = (args) => {
    put(aws, args[0] === 'rollback' ? versionWith(String(args.at(-1))) : versionAt(2));
    return 0;
  };
  const release = ({ deployment = [], checks = [], environment = {}, ...watch }: Given = {}) =>
    runScript('scripts/release.ts', ['--stage', 'prod', ...deployment, '--', '--club', '123', ...checks], {
      environment: { ...aws.environment, BEARER_TOKEN: bearer, ...environment },
      directory: aws.directory,
      ...watch,
    });
  return { aws, faults, bearer, release };
}

function put(aws: Aws, version: string, more: Partial<Aws['stack']> = {}): void {
  aws.stack = { status: 'UPDATE_COMPLETE', ...aws.stack, version, ...more };
  aws.upload(version);
}

const versionWith = (timestamp: string) => `${timestamp}-${new Date(Number(timestamp)).toISOString()}`;
const goBack = ({ aws }: Scene) =>
  runScript('scripts/go-back.ts', ['--stage', 'prod'], {
    environment: aws.environment,
    directory: aws.directory,
  });
const commandsOf = ({ commands }: Aws) => commands.map(([name]) => name);
const isPassed = ({ objects }: Aws, second: number) =>
  objects.has(`passed/${versionAt(second)}/compiled-cloudformation-template.json`);

/** A wrong answer that the version before did not give, and that no time cures. */
const wrong: NonNullable<Faults['replies']> = { 'bad body': { status: 200, body: {} } };

describe('a version that passes', () => {
  test('stays, and is what the next one goes back to', async () => {
    const { aws, faults, release } = await setUp();
    expect(await release()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Nothing is wrong.'),
      stderr: expect.stringContaining('The new version is in place, and passes its checks.'),
    });
    aws.cli = (args) => {
      if (args[0] === 'deploy') faults.replies = wrong;
      else faults.replies = {};
      put(aws, args[0] === 'deploy' ? versionAt(3) : versionWith(String(args.at(-1))));
      return 0;
    };
    const { exitCode, stdout, stderr } = await release();
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /fails its checks: bad body 200 [\s\S]*Gone back\. In place is .*00:00:02/,
      ),
    });
    expect(stdout.trim().split('\n').at(-1)).toBe('Nothing is wrong.');
    expect(isPassed(aws, 3)).toBe(false);
  });

  test('stays without checks too, if only that was asked, but is not kept', async () => {
    const { aws } = await setUp();
    const { environment, directory } = aws;
    const deploy = () => runScript('scripts/release.ts', ['--stage', 'prod'], { environment, directory });
    expect(await deploy()).toMatchObject({ exitCode: 0 });
    expect(isPassed(aws, 2)).toBe(false);
  });

  test('pushes the oldest out', async () => {
    const { aws, release } = await setUp();
    for (const second of [2, 3, 4]) {
      aws.cli = () => {
        put(aws, versionAt(second));
        return 0;
      };
      expect(await release()).toMatchObject({ exitCode: 0 });
    }
    expect([1, 2, 3, 4].filter((second) => isPassed(aws, second))).toEqual([2, 3, 4]);
  });
});

describe('nothing is deployed', () => {
  const past = Math.floor(Date.now() / 1000) - 5;
  const isRefused = async (scene: Scene, given: Given, words: string) => {
    const { exitCode, stderr } = await scene.release(given);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(words) });
    expect(scene.aws.commands).toEqual([]);
  };

  test.each<[string, Given, string]>([
    ['a mistyped option of the check', { checks: ['--clubb', '1'] }, '--clubb'],
    ['a time out of bounds', { checks: ['--wait', 'soon'] }, '--wait should be'],
    ['an origin with a path', { checks: ['--origin', 'https://booky.example/'] }, '--origin should be'],
    ['a URL without TLS', { checks: ['--url', 'http://booky.example/'] }, '--url should be'],
    ['a mistyped option of the deployment', { deployment: ['--stagee', 'prod'] }, '--stagee'],
    ['no bearer', { environment: { BEARER_TOKEN: '' } }, 'There is no bearer'],
    [
      'a command without a bearer',
      { checks: ['--bearer-command', 'false'] },
      '--bearer-command should print',
    ],
  ])('with %s', async (_, given, words) => {
    await isRefused(await setUp(), given, words);
  });

  test('as an expired reader, first deployment or not', async () => {
    const scene = await setUp({ bearer: { exp: past } });
    await isRefused(scene, {}, 'the reader’s JWT expired at');
    scene.aws.stack = undefined;
    await isRefused(scene, {}, 'the reader’s JWT expired at');
  });

  test('where the stack can’t be seen: that is no first deployment', async () => {
    const scene = await setUp();
    scene.aws.isDenied = true;
    await isRefused(
      scene,
      {},
      'the stack can’t be read: The security token included in the request is expired',
    );
  });

  test('while another deployment is under way', async () => {
    const scene = await setUp();
    put(scene.aws, versionAt(1), { status: 'UPDATE_IN_PROGRESS' });
    await isRefused(scene, {}, 'another deployment is under way (UPDATE_IN_PROGRESS)');
  });

  test('from a commit older than the one in place, or of another branch', async () => {
    const scene = await setUp();
    const { aws, release } = scene;
    const git = async (...args: string[]) => {
      const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.example'];
      return (await promisify(execFile)('git', [...identity, ...args], { cwd: aws.directory })).stdout.trim();
    };
    const commit = async (message: string) => {
      await git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    };
    await git('init', '-q');
    const older = await commit('older');
    const newer = await commit('newer');
    await git('checkout', '-q', older);
    const aside = await commit('aside');
    for (const head of [older, aside]) {
      await git('checkout', '-q', head);
      put(aws, versionAt(1), { commit: newer });
      await isRefused(
        scene,
        {},
        `(commit ${newer.slice(0, 7)}), which commit ${head.slice(0, 7)} does not contain`,
      );
    }
    // The same and a newer one are deployed, and say which they are.
    for (const [second, inPlace] of [newer, older, ''].entries()) {
      await git('checkout', '-q', newer);
      put(aws, versionAt(1), { commit: inPlace });
      aws.cli = (_, { RELEASE_COMMIT: told = '' }) => {
        put(aws, versionAt(10 + second), { commit: told });
        return 0;
      };
      expect(await release()).toMatchObject({ exitCode: 0 });
      expect(aws.stack?.commit).toBe(newer);
    }
  });
});

describe('the reader’s JWT', () => {
  test('that expires meanwhile is no reason to go back', async () => {
    const scene = await setUp({ bearer: { exp: Math.floor(Date.now() / 1000) + 4 } });
    const { aws, faults, release } = scene;
    aws.cli = async () => {
      put(aws, versionAt(2));
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      faults.replies = { token: { status: 401, body: { message: 'Unauthorized' } } };
      return 0;
    };
    expect(await release()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('The new version is in place, and unchecked: the bearer has expired'),
    });
    expect(commandsOf(aws)).toEqual(['deploy']);
    expect(isPassed(aws, 2)).toBe(false);
  });

  test('comes anew from a command for each check, and neither it nor a password reaches the CLI', async () => {
    const { aws, bearer, release } = await setUp();
    let seen: string[] = [];
    aws.cli = (_, variables) => {
      seen = Object.keys(variables).filter((name) => /BEARER|SIGN_IN/.test(name));
      put(aws, versionAt(2));
      return 0;
    };
    const asked = join(aws.directory, 'asked');
    const command = `echo x >> '${asked}'; echo ${bearer}`;
    const { exitCode } = await release({
      checks: ['--bearer-command', command],
      environment: { SIGN_IN_PASSWORD: 'p' },
    });
    expect({ exitCode, seen }).toEqual({ exitCode: 0, seen: [] });
    const { stdout: times } = await promisify(execFile)('wc', ['-l', asked]);
    expect(Number.parseInt(times, 10)).toBe(3);
  });

  test('whose command fails after the deployment leaves the version unchecked', async () => {
    const { aws, bearer, release } = await setUp();
    const asked = join(aws.directory, 'asked');
    const command = `echo x >> '${asked}'; [ "$(wc -l < '${asked}')" -le 2 ] && echo ${bearer}`;
    expect(await release({ checks: ['--bearer-command', command] })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('in place, and unchecked: the checks could not be made'),
    });
    expect(commandsOf(aws)).toEqual(['deploy']);
  });
});

describe('after a failed command the stack says what is in place', () => {
  test('the new version, which is checked', async () => {
    const { aws, release } = await setUp();
    aws.cli = () => {
      put(aws, versionAt(2));
      return 1;
    };
    expect(await release()).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('The command failed, but the new version is in place.'),
    });
    expect(isPassed(aws, 2)).toBe(true);
  });

  test('the new version, which fails its checks, and is left', async () => {
    const { aws, faults, release } = await setUp();
    aws.cli = (args) => {
      faults.replies = args[0] === 'deploy' ? wrong : {};
      put(aws, args[0] === 'deploy' ? versionAt(2) : versionAt(1));
      return 1;
    };
    expect(await release()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/fails its checks[\s\S]*Gone back\. In place is .*00:00:01/),
    });
  });

  test.each<[string, (aws: Aws) => void, RegExp]>([
    [
      'the version before',
      (aws) => put(aws, versionAt(1), { status: 'UPDATE_ROLLBACK_COMPLETE' }),
      /not in place\. In place is the version of 2026-01-01T00:00:01/,
    ],
    [
      'a third one, of somebody else',
      (aws) => put(aws, versionAt(7), { commit: 'abc' }),
      /not in place\. In place is .*00:00:07/,
    ],
    [
      'nothing certain, where CloudFormation stopped',
      (aws) => put(aws, versionAt(1), { status: 'UPDATE_ROLLBACK_FAILED' }),
      /stopped half-way \(UPDATE_ROLLBACK_FAILED\): in place is .*00:00:01.*or parts of another/,
    ],
    ['nothing', (aws) => Object.assign(aws, { stack: undefined }), /not in place\. Nothing is deployed\./],
    [
      'what is not known',
      (aws) => Object.assign(aws, { isDenied: true }),
      /Which version is in place is not known, because the stack can’t be read: The security token/,
    ],
  ])('%s', async (_, happens, words) => {
    const { aws, release } = await setUp();
    aws.cli = () => {
      happens(aws);
      return 1;
    };
    const { exitCode, stderr } = await release();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(words) });
    expect(commandsOf(aws)).toEqual(['deploy']);
  });

  test('as soon as CloudFormation has ended what the CLI no longer follows', async () => {
    const { aws, release } = await setUp();
    aws.cli = () => {
      put(aws, versionAt(2), { status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS' });
      return 1;
    };
    const onStderr = (text: string) => {
      if (text.includes('still changing the stack')) put(aws, versionAt(2), { status: 'UPDATE_COMPLETE' });
    };
    expect(await release({ onStderr })).toMatchObject({ exitCode: 0 });
  });

  test('where going back fails too', async () => {
    const { aws, faults, release } = await setUp();
    aws.cli = (args) => {
      faults.replies = wrong;
      if (args[0] === 'rollback') return 1;
      put(aws, versionAt(2));
      return 0;
    };
    expect(await release()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Going back has failed\. In place is .*00:00:02/),
    });
  });
});

test.each<[string, NonNullable<Faults['replies']>, RegExp]>([
  ['a version that passes', {}, /passes its checks\.\nNo release can go back to it: .*could not be kept/],
  ['a version that fails', wrong, /Going back has failed \(.*\): the version of .*00:00:02.* stays in place/],
])('where the bucket can’t be read, %s stays, and this is said', async (_, after, words) => {
  const { aws, faults, release } = await setUp();
  aws.isBucketDenied = true;
  aws.cli = () => {
    faults.replies = after;
    put(aws, versionAt(2));
    return 0;
  };
  const { exitCode, stderr } = await release();
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(words) });
  expect(commandsOf(aws)).toEqual(['deploy']);
});

describe('what is not the version’s fault', () => {
  test.each<[string, NonNullable<Faults['replies']>, NonNullable<Faults['replies']>]>([
    ['what was wrong before', wrong, wrong],
    [
      'what could not be tried before, because no reader got a token',
      { token: { status: 503, body: { code: 'credentials_unavailable', error: 'Later.' } } },
      wrong,
    ],
  ])('%s does not lead back', async (_, before, after) => {
    const { aws, faults, release } = await setUp({ replies: before });
    aws.cli = () => {
      faults.replies = after;
      put(aws, versionAt(2));
      return 0;
    };
    expect(await release()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('What is wrong was wrong before, and is not its fault: bad body'),
    });
    expect(commandsOf(aws)).toEqual(['deploy']);
    expect(isPassed(aws, 2)).toBe(false);
  });

  test('but what has become worse as well does', async () => {
    const { aws, faults, release } = await setUp({ replies: wrong });
    aws.cli = (args) => {
      faults.replies = { ...wrong, 'no bearer': { status: 200, body: {} } };
      put(aws, args[0] === 'deploy' ? versionAt(2) : versionAt(1));
      return 0;
    };
    expect(await release()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Gone back.') });
  });

  test('a first version that fails stays, and this is said', async () => {
    const { aws, faults, release } = await setUp();
    aws.objects.clear();
    const { url = '' } = aws.stack ?? {};
    aws.stack = undefined;
    faults.replies = wrong;
    aws.cli = () => {
      put(aws, versionAt(2), { url });
      return 0;
    };
    expect(await release()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/No other version has passed its checks: .*00:00:02.*stays in place/),
    });
  });
});

describe('going back', () => {
  test('goes to the last version that passed, whatever was uploaded since, and whose package was deleted', async () => {
    const { aws, faults, release } = await setUp();
    for (const second of [2, 3, 4, 5, 6, 7]) aws.upload(versionAt(second));
    for (const key of aws.objects) if (key.startsWith(versionAt(1))) aws.objects.delete(key);
    put(aws, versionAt(7));
    aws.cli = (args) => {
      faults.replies = args[0] === 'deploy' ? wrong : {};
      put(aws, args[0] === 'deploy' ? versionAt(8) : versionAt(1));
      return 0;
    };
    expect(await release()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Gone back.') });
    expect(aws.commands[1]?.at(-1)).toBe(versionAt(1).split('-')[0]);
    expect(aws.objects).toContain(`${versionAt(1)}/token.zip`);
  });

  test('is told only what the CLI’s rollback takes', async () => {
    const { aws, faults, release } = await setUp();
    aws.cli = (args) => {
      faults.replies = args[0] === 'deploy' ? wrong : {};
      put(aws, args[0] === 'deploy' ? versionAt(2) : versionAt(1));
      return 0;
    };
    await release({
      deployment: ['--force', '--package', '.serverless', '--param', 'secret=a/b', '--verbose'],
    });
    expect(aws.commands).toEqual([
      expect.arrayContaining(['--force', '--package']),
      ['rollback', '--stage=prod', '--param=secret=a/b', '--verbose', '--timestamp', expect.any(String)],
    ]);
  });

  test('by command leaves a version that turned out to be wrong for good', async () => {
    const scene = await setUp();
    const { aws } = scene;
    for (const second of [2, 3]) aws.upload(`passed/${versionAt(second)}`);
    put(aws, versionAt(3));
    for (const second of [2, 1]) {
      expect(await goBack(scene)).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(`In place is the version of 2026-01-01T00:00:0${second}`),
      });
    }
    expect(await goBack(scene)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('No other version has passed its checks'),
    });
  });
});

describe('in the pipeline, which checks in steps of its own, the version that was deployed', () => {
  const good = [{ mark: 'good', code: 'answered', subject: 'a', value: 'b', meaning: 'c', notes: [] }];
  const crossed = [{ ...good[0], mark: 'bad', code: 'cors-refused' }];
  test.each<[string, object[], object[] | undefined, string, RegExp]>([
    ['is kept if it passes', good, good, '', /in place, and passes its checks/],
    [
      'is left if it does worse',
      good,
      crossed,
      '',
      /fails its checks: a b \(c\)[\s\S]*Gone back\. In place is .*00:00:01/,
    ],
    ['stays if it does not', crossed, crossed, '', /was wrong before/],
    ['stays if it could not be checked', good, undefined, '', /unchecked: the checks could not be made/],
    [
      'is not judged if another one has replaced it',
      good,
      crossed,
      'abc',
      /This commit is not in place\. In place is/,
    ],
  ])('%s', async (_, before, after, commit, words) => {
    const { aws } = await setUp();
    put(aws, versionAt(2), { commit });
    const report = (checks?: object[]) => (checks === undefined ? '' : JSON.stringify({ url: 'x', checks }));
    await writeFile(join(aws.directory, 'before.json'), report(before));
    await writeFile(join(aws.directory, 'after.json'), report(after));
    const args = ['--stage', 'prod', '--', 'before.json', 'after.json'];
    const { environment, directory } = aws;
    const { exitCode, stderr } = await runScript('scripts/conclude.ts', args, { environment, directory });
    expect({ exitCode, stderr }).toEqual({
      exitCode: after === good ? 0 : 1,
      stderr: expect.stringMatching(words),
    });
    expect(commandsOf(aws)).toEqual(/Gone back/.test(stderr) ? ['rollback'] : []);
    expect(isPassed(aws, 2)).toBe(after === good);
  });
});

test('the CLI and the release use one profile', async () => {
  const { aws, release } = await setUp();
  await mkdir(join(aws.directory, '.aws'));
  const profile = '[readers]\naws_access_key_id = ours\naws_secret_access_key = secret\n';
  await writeFile(join(aws.directory, '.aws/credentials'), profile);
  expect(await release({ deployment: ['--aws-profile', 'readers'] })).toMatchObject({ exitCode: 0 });
  expect(aws.commands[0]).toContain('--aws-profile');
  expect([...aws.callers]).toEqual(['ours']);
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('while it deploys ends the CLI, and what is in place is said', async () => {
    const { aws, release } = await setUp();
    let interrupt = () => {};
    let cli = 0;
    aws.cli = (_args, _variables, pid) => {
      cli = pid;
      put(aws, versionAt(2), { status: 'UPDATE_IN_PROGRESS' });
      interrupt();
      return new Promise(() => {});
    };
    const onStart = (child: ChildProcess) => {
      interrupt = () => child.kill(signal);
    };
    expect(await release({ onStart })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Interrupted[\s\S]*still changing the stack \(UPDATE_IN_PROGRESS\)/),
    });
    expect(() => process.kill(cli, 0)).toThrow('ESRCH');
  });

  test('while it checks leaves a version that the next release does not go back to', async () => {
    const { aws, faults, release } = await setUp();
    aws.cli = (args) => {
      faults.replies = args[0] === 'deploy' ? wrong : {};
      put(aws, args[0] === 'deploy' ? versionAt(2) : versionAt(1));
      return 0;
    };
    let child: ChildProcess | undefined;
    const interrupted = await release({
      checks: ['--wait', '60'],
      onStart: (started) => {
        child = started;
      },
      onStderr: (text) => {
        if (/Not yet/.test(text) && !/Interrupted/.test(text)) child?.kill(signal);
      },
    });
    expect(interrupted).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Interrupted: nothing more is done\. In place is .*00:00:02/),
    });
    faults.replies = {};
    expect(await release()).toMatchObject({
      stderr: expect.stringMatching(/Gone back\. In place is .*00:00:01/),
    });
  });
});
