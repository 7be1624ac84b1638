/** `npm run verify` as a person or a program runs it. */
import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSecretsManager } from '../../stand-ins/secrets-manager.ts';
import { explainAnswer } from '../../token-check/refusals.ts';
import { runScript } from '../support/run-script.ts';
import { claims, seconds, signed, video } from '../support/tokens.ts';

const apiSecret = 'a-secret-of-thirty-two-characters';

const mint = (changes: object = {}, secret = apiSecret) => signed(claims(changes), { secret });

/** Runs it, and makes sure that neither token nor secret is in what it prints. */
async function verify(
  args: readonly string[],
  options: { input?: string; environment?: Record<string, string> },
) {
  const result = await runScript('scripts/verify.ts', args, options);
  const printed = result.stdout + result.stderr;
  expect(printed).not.toMatch(/eyJ[\w-]{8}/);
  expect(printed).not.toContain(apiSecret);
  // A pipe gets no colours.
  expect(printed).not.toContain('\u001b');
  const crosses = Array.from(result.stdout.matchAll(/^✗ (\S+)/gm), ([, subject]) => subject);
  return { ...result, crosses };
}

describe('a good token', () => {
  test('gets ticks and status 0', async () => {
    const { exitCode, crosses, stdout } = await verify([], { input: mint() });
    expect(stdout).toMatch(/^✓ iss +devkey /);
    expect(stdout).toMatch(/\n\nLiveKit will let this token in\. Key and signature were not compared\.\n$/);
    expect(crosses).toEqual([]);
    expect(exitCode).toBe(0);
  });

  test('may come in the endpoint’s whole answer, or in the environment', async () => {
    const token = mint();
    const answer = JSON.stringify({ token, room_name: 'reading-club-123' }, null, 2);
    expect((await verify([], { input: answer })).exitCode).toBe(0);
    expect((await verify([], { environment: { LIVEKIT_TOKEN: token } })).exitCode).toBe(0);
  });

  test('is compared with what it should be', async () => {
    const input = mint();
    const right = ['--room', 'reading-club-123', '--reader', 'user-001', '--role', 'member'];
    expect((await verify(right, { input })).exitCode).toBe(0);
    const wrong = ['--room', 'reading-club-1', '--role', 'moderator'];
    expect(await verify(wrong, { input })).toMatchObject({
      exitCode: 1,
      crosses: ['video.room', 'video.roomAdmin', 'attributes.role'],
    });
  });
});

test('the token without grants: which are missing, what LiveKit answers, and what to do', async () => {
  const { exitCode, crosses, stdout } = await verify([], { input: mint({ video: {} }) });
  expect(exitCode).toBe(1);
  expect(crosses).toEqual(['video', 'video.roomJoin', 'video.room']);
  expect(stdout).toContain('LiveKit will refuse this token: 401 “permissions denied”.');
  expect(stdout).toContain('To put it right: Sign video: {"room": "reading-club-…", "roomJoin": true');
});

describe('the signature', () => {
  test('is compared with LIVEKIT_API_SECRET', async () => {
    const environment = { LIVEKIT_API_KEY: 'devkey', LIVEKIT_API_SECRET: apiSecret };
    const good = await verify([], { input: mint(), environment });
    expect(good.stdout).toMatch(/✓ signature +matches[\s\S]*\n\nLiveKit will let this token in\.\n$/);
    const bad = await verify([], { input: mint({}, 'another'), environment });
    expect(bad.stdout).toMatch(/✗ signature +differs/);
    expect(bad.exitCode).toBe(1);
  });

  test('is compared with a secret of Secrets Manager, which has to be there and to be usable', async () => {
    const store = await startSecretsManager();
    onTestFinished(store.close);
    store.put('booky/livekit', JSON.stringify({ LIVEKIT_API_KEY: 'devkey', LIVEKIT_API_SECRET: apiSecret }));
    store.put('not/json', apiSecret);
    const withSecret = (secretId: string, input = mint()) =>
      verify(['--secret-id', secretId], { input, environment: { ...store.environment } });
    expect(await withSecret('booky/livekit')).toMatchObject({ exitCode: 0 });
    const another = mint({ iss: 'another' }, 'another');
    expect(await withSecret('booky/livekit', another)).toMatchObject({
      exitCode: 1,
      crosses: ['iss', 'signature'],
    });
    expect(await withSecret('no/such')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^The secret of --secret-id can't be read: ResourceNotFoundException/m),
    });
    expect(await withSecret('not/json')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('it is not JSON'),
    });
  });
});

test('--json prints JSON and nothing else', async () => {
  const { exitCode, stdout, stderr } = await verify(['--json'], { input: mint({ video: {} }) });
  expect(exitCode).toBe(1);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    answer: { status: 401, reason: 'permissions denied' },
    findings: expect.arrayContaining([
      expect.objectContaining({ code: 'empty-video-grant', verdict: 'bad', remedy: expect.any(String) }),
    ]),
  });
});

test.each([
  ['an expired token', 'token is expired', { exp: 1_700_000_000 }, 'ran out more than a minute ago'],
  ['a good token', 'token signature is invalid: signature is invalid', {}, 'signed with another secret'],
  ['a good token', 'go-jose/go-jose: error in cryptographic primitive', {}, 'signed with another secret'],
  ['a good token', 'token revoked', {}, 'was removed from the room'],
])(
  'LiveKit’s own refusal of %s, pasted, counts more than what is found in it: %s',
  async (_what, error, changes, says) => {
    const input = `invalid token: ${mint(changes)}, error: ${error}`;
    const { exitCode, stdout } = await verify([], { input });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^✓ iss +devkey /);
    expect(stdout.split('\n\n').at(-1)).toContain(says);
    expect(stdout).not.toContain('will let this token in');
  },
);

test('LiveKit’s own refusal without a token is explained', async () => {
  const input = 'Error: invalid API key for domain x.livekit.cloud';
  const { exitCode, stdout } = await verify([], { input });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^This is an error message, not a token\. .* belong to two LiveKit Cloud projects/);
});

describe('bad use', () => {
  test.each([
    [
      'a token as an argument',
      ['eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkZXZrZXkifQ.c2ln'],
      /would stay in the shell’s history/,
    ],
    ['an unknown option', ['--rom', 'x'], /Unknown option '--rom'[\s\S]*See --help/],
    ['an unknown role', ['--role', 'guest'], /--role should be one of: .*member/],
    ['no token', [], /There is no token: pipe it in, or put it into LIVEKIT_TOKEN/],
  ])('%s: status 2, and what to do instead', async (_what, args, message) => {
    const { exitCode, stdout, stderr } = await verify(args, {});
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

test('--help says how to use it', async () => {
  const { exitCode, stdout } = await verify(['--help'], {});
  expect(exitCode).toBe(0);
  expect(stdout).toContain('npm run verify');
});

test('FORCE_COLOR colours it, as a terminal would', async () => {
  const environment = { FORCE_COLOR: '1' };
  const { stdout } = await runScript('scripts/verify.ts', [], { input: mint(), environment });
  expect(stdout).toContain('\u001b[32m✓');
});

describe('docs/verify.md', () => {
  const page = readFile(new URL('../../docs/verify.md', import.meta.url), 'utf8');

  test('shows what is printed', async () => {
    /** Without times and the widths of columns. */
    const timeless = (text: string) =>
      text.replace(/\d{4}-\d\d-\d\dT\S+Z \((in )?\d+ (s|min|h)( ago)?\)/g, 'time').replace(/ {2,}/g, '  ');
    const { roomJoin: _, ...listening } = { ...video, canPublish: false };
    const exp = seconds() + 21_600;
    const input = mint({ iss: 'APIbooky', exp, video: listening, attributes: { role: 'listener' } });
    const { stdout } = await verify([], { input });
    expect(timeless(await page)).toContain(timeless(stdout));
  });

  test('explains each answer as explainAnswer does', async () => {
    const rows = [...(await page).matchAll(/^\| (\d{3}) `([^`]+)`[^|]*\|[^|]*\| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(15);
    for (const [, status, reason = '', text] of rows) {
      const { cause, remedy } = explainAnswer({ status: Number(status), reason }) ?? {};
      expect(`${cause} ${remedy}`).toBe(text);
    }
  });
});
