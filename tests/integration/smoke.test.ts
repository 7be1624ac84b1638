/** `npm run smoke`: a deployment with any one fault, and the fault that it names. Faults that need LiveKit are in tests/e2e. */
import { describe, expect, test } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { checkDeployment } from '../../scripts/smoke/deployment.ts';
import type { Target } from '../../scripts/smoke/target.ts';
import { type Faults, origin, startDeployment } from '../support/deployment.ts';
import { startAnswering } from '../support/livekit-answering.ts';
import { runScript, type ScriptOptions } from '../support/run-script.ts';
import { video } from '../support/tokens.ts';

const livekit = () => startAnswering({ status: 200, body: 'success' });

/** A deployment with these faults, whose LiveKit accepts every token. */
const deploy = async (faults: Faults = {}) =>
  startDeployment({ ...faults, answer: { server_url: await livekit(), ...faults.answer } });

/** Another club's room. */
const elsewhere = { ...video, room: 'reading-club-1' };

/** The codes of what is wrong. */
async function faultsOf(target: Target): Promise<string[]> {
  const checks = await checkDeployment(target);
  expect(JSON.stringify(checks)).not.toMatch(/eyJ[\w-]{8}/);
  return checks.filter(({ mark }) => mark === 'bad').map(({ code }) => code);
}

test('a good deployment has only ticks', async () => {
  const checks = await checkDeployment(await deploy());
  expect(checks.map(({ mark, code }) => `${mark} ${code}`)).toEqual([
    'good answered',
    'good no-store',
    'good same-token',
    'good right-room',
    'good right-expiry',
    'good claims',
    'good let-in',
    'good no-bearer-refused',
    'good forged-bearer-refused',
    'good bad-body-refused',
    'good another-club-refused',
    'good cors-allowed',
    'good foreign-origin-refused',
  ]);
});

test.each<[string, Faults, string | undefined]>([
  ['a JWT without a name', { answer: { participant_name: 'user-001' } }, 'no-name'],
  ['an identity from another claim', { claims: { sub: 'ana-7' }, bearer: { uid: 'ana-7' } }, undefined],
])('%s is no cross', async (_what, faults, warning) => {
  const checks = await checkDeployment(await deploy(faults));
  expect(checks.find(({ mark }) => mark !== 'good')?.code).toBe(warning);
});

const granted = { status: 200, body: {} };
const refused = (status: number, body: object): Faults => ({ replies: { token: { status, body } } });
const cors = (allowed: Record<string, string>): Faults => ({
  replies: {
    preflight: {
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization,content-type',
        ...allowed,
      },
    },
  },
});

test.each<[string, Faults]>([
  ['not-no-store', { caching: 'max-age=60' }],
  ['not-same-token', { answer: { token: 'an.other.token' } }],
  ['another-room not-right-room', { answer: { room_name: 'reading-club-1' }, claims: { video: elsewhere } }],
  ['not-right-expiry', { answer: { expires_at: '2026-01-01T00:00:00Z' } }],
  ['not-the-contract', refused(200, { token: 'x', room_name: 'reading-club-123' })],
  ['not-right-role unneeded-grant wrong-role-shown', { answer: { role: 'listener' } }],
  ['another-reader', { claims: { sub: 'user-002' } }],
  ['not_a_member', refused(403, { code: 'not_a_member', error: 'Not a member.' })],
  ['credentials_unavailable', refused(503, { code: 'credentials_unavailable', error: 'Later.' })],
  ['token_generation_failed', refused(500, { code: 'token_generation_failed', request_id: 'r-1' })],
  ['gateway-scope', refused(403, { message: 'Forbidden' })],
  ['no-such-route', refused(404, { message: 'Not Found' })],
  ['throttled', refused(429, { message: 'Too Many Requests' })],
  ['gateway-failed', refused(502, { message: 'Bad Gateway' })],
  ['no-bearer-not-refused', { replies: { 'no bearer': granted } }],
  ['forged-bearer-not-refused', { replies: { 'forged bearer': granted } }],
  ['bad-body-not-refused', { replies: { 'bad body': granted } }],
  ['bad-body-not-refused', { replies: { 'bad body': { status: 400, body: { code: 'invalid_json' } } } }],
  ['another-club-not-refused', { replies: { 'another club': granted } }],
  ['', cors({})],
  ['cors-refused', cors({ 'access-control-allow-origin': `${origin}/` })],
  ['cors-refused', cors({ 'access-control-allow-methods': 'GET' })],
  ['cors-refused', cors({ 'access-control-allow-headers': 'content-type' })],
  ['cors-refused foreign-origin-allowed', cors({ 'access-control-allow-origin': '*' })],
])('names the fault %s of %j', async (codes, faults) => {
  const target = await deploy(faults);
  expect((await faultsOf({ ...target, role: 'member' })).toSorted().join(' ')).toBe(codes);
});

test('a JWT without the identity is told which claim it lacks', async () => {
  const faults = refused(401, { code: 'unauthenticated', error: 'Sign in.' });
  const [check] = await checkDeployment(await deploy(faults));
  expect(check).toMatchObject({
    code: 'unauthenticated',
    notes: [expect.stringContaining('"identity-claim" (')],
  });
});

describe('the gateway’s 401', () => {
  const seconds = () => Math.floor(Date.now() / 1000);
  const challenge = (description: string) => ({
    'www-authenticate': `Bearer scope="" error="invalid_token" error_description="${description}"`,
  });
  const refuse = async (headers: Record<string, string>, bearer: Record<string, unknown> = {}) => {
    const body = { message: 'Unauthorized' };
    const [first] = await checkDeployment(
      await deploy({ bearer, replies: { token: { status: 401, body, headers } } }),
    );
    return first;
  };

  test.each<[string, string, Record<string, string>, Record<string, unknown>?]>([
    ['bearer-expired', 'exp is', {}, { exp: seconds() - 5 }],
    ['bearer-expired', 'by the gateway’s clock', challenge('the token has expired')],
    ['bearer-audience', 'not accepted: booky', challenge('the token does not have a valid audience')],
    [
      'bearer-audience',
      'not accepted: client',
      challenge('invalid audience'),
      { aud: undefined, client_id: 'client' },
    ],
    ['bearer-issuer', 'https://issuer.example', challenge('the token does not have a valid iss')],
    ['bearer-issuer', 'https://issuer.example', challenge("the token's key is not one of the issuer's")],
    ['bearer-early', 'not valid yet', {}, { nbf: seconds() + 100 }],
    ['bearer-no-audience', 'neither aud nor client_id', {}, { aud: undefined }],
    ['bearer-algorithm', 'HS256', {}, { alg: 'HS256' }],
    ['bearer-refused', 'does not say why', {}],
  ])('%s: %s', async (code, words, headers, bearer) => {
    const check = await refuse(headers, bearer);
    expect(check).toMatchObject({ mark: 'bad', code, meaning: expect.stringContaining(words) });
  });

  test.each([
    ['of a meeting token', { alg: 'HS256', video: {} }, 'this is a meeting token'],
    ['of a sign-in of another algorithm', { alg: 'ES256' }, 'Have the identity provider sign with RS256'],
    ['without a reason', {}, 'issuer, https://issuer.example, and its audience, booky'],
  ])('%s says whose setting cures it', async (_what, bearer, remedy) => {
    expect((await refuse({}, bearer))?.notes.join()).toContain(remedy);
  });
});

describe('LiveKit', () => {
  const at = (serverUrl: string) => deploy({ answer: { server_url: serverUrl } });
  const answering = async (status: number, body: string, headers = {}) =>
    at(await startAnswering({ status, body, headers }));

  test.each<[string, () => Promise<Target>]>([
    ['livekit-unknown-host', () => at('wss://livekit.invalid')],
    ['livekit-tls', async () => at(await startAnswering({ status: 200, body: 'success', tls: true }))],
    ['livekit-tls', async () => at((await livekit()).replace('ws:', 'wss:'))],
    ['no-livekit-url', () => at('wss://user@livekit.example')],
    ['not-livekit', () => answering(404, '404 page not found')],
    ['not-livekit', () => answering(200, '<html>')],
    ['not-livekit', () => answering(301, '', { location: 'https://elsewhere.example' })],
    ['two-projects', () => answering(401, 'invalid API key for domain project.livekit.cloud')],
    ['unknown-key', () => answering(401, 'invalid API key: devkey')],
    ['room-must-exist', () => answering(404, 'requested room does not exist')],
    ['server-full', () => answering(503, 'node has reached its limits')],
  ])('%s', async (code, target) => {
    expect(await faultsOf(await target())).toEqual([code]);
  });

  test.each([
    [600_000, 'LiveKit’s clock is 600 s ahead'],
    [-600_000, 'LiveKit’s clock is 600 s behind'],
    [0, 'the clock of the machine that signs the token is wrong'],
  ])('has a clock: %d ms from here', async (shift, words) => {
    const date = new Date(Math.floor((Date.now() + shift) / 1000) * 1000 + 500).toUTCString();
    const refusal =
      'invalid token: eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.x, error: token has invalid claims: token is expired';
    const checks = await checkDeployment(await answering(401, refusal, { date }));
    const shown = checks.find(({ subject }) => subject === 'LiveKit');
    expect(shown?.code).toBe('expired');
    expect(shown?.notes.join(' ').replace(/\b(599|601)\b/, '600')).toContain(words);
    expect(shown?.notes.join(' ')).toContain('invalid token: <token>, error:');
  });

  test('that does not run on this machine is a warning, with what to do', async () => {
    const checks = await checkDeployment(await at(`ws://127.0.0.1:${await freePort()}`));
    const shown = checks.find(({ subject }) => subject === 'LiveKit');
    expect(shown).toMatchObject({ mark: 'warning', code: 'no-local-livekit' });
    expect(shown?.notes.join()).toContain('scripts/install.sh meeting-peers');
  });
});

test('an endpoint that does not answer is the only finding', async () => {
  const target = { ...(await deploy()), url: `http://127.0.0.1:${await freePort()}/token` };
  expect(await faultsOf(target)).toEqual(['refused']);
});

describe('the command', () => {
  const smoke = async (args: string[], target?: Target, options: ScriptOptions = {}) =>
    runScript('scripts/smoke.ts', target === undefined ? args : ['--url', target.url, ...args], {
      ...(target && { environment: { BEARER_TOKEN: await target.bearer() } }),
      ...options,
    });

  test('ends with 0 when nothing is wrong', async () => {
    const { exitCode, stdout } = await smoke(['--forbidden-club', '456', '--origin', origin], await deploy());
    expect(stdout).toMatch(/^✓ LiveKit +ws:\/\/127\.0\.0\.1:\d+ +lets the token in$/m);
    expect(stdout).toMatch(/\n\nNothing is wrong\.\n$/);
    expect(exitCode).toBe(0);
  });

  test('takes the bearer from a pipe, and says what it did not try', async () => {
    const target = await deploy();
    const input = `Bearer ${await target.bearer()}\n`;
    const { exitCode, stdout } = await smoke([], target, { input, environment: {} });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^· another club +not tried +name one with --forbidden-club$/m);
    expect(stdout).toMatch(/^· CORS +not tried/m);
  });

  test('asks a command for the bearer', async () => {
    const target = await deploy();
    const print = `echo ${await target.bearer()}`;
    const asking = (command: string) => smoke(['--bearer-command', command], target, { environment: {} });
    expect(await asking(print)).toMatchObject({ exitCode: 0 });
    expect(await asking(`${print}; exit 1`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--bearer-command should print the reader’s JWT'),
    });
  });

  test('ends with 1 when something is, in JSON too', async () => {
    const target = await deploy({ replies: { 'no bearer': { status: 200, body: {} } } });
    const { exitCode, stdout, stderr } = await smoke(['--json'], target);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const { checks } = JSON.parse(stdout);
    expect(checks).toContainEqual(expect.objectContaining({ mark: 'bad', code: 'no-bearer-not-refused' }));
  });

  test('waits until the deployment has settled, and shows that it does', async () => {
    const replies: Faults['replies'] = { token: { status: 404, body: { message: 'Not Found' } } };
    const target = await deploy({ replies });
    const onStderr = () => {
      delete replies.token;
    };
    const environment = { BEARER_TOKEN: await target.bearer() };
    expect(await smoke(['--wait', '60'], target, { environment, onStderr })).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^Not yet, trying for \d+ s more: token request 404 \(no such route/),
    });
  });

  test('does not wait for what stays wrong', async () => {
    const denied = { status: 403, body: { code: 'not_a_member', error: 'No.' } };
    expect(await smoke(['--wait', '600'], await deploy({ replies: { token: denied } }))).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('not_a_member'),
    });
  });

  test('without arguments says to run npm start when it does not run', async () => {
    const environment = { PORT: String(await freePort()), ISSUER_PORT: String(await freePort()) };
    expect(await smoke([], undefined, { environment })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('To put it right: run "npm start"'),
    });
  });

  test.each<[string, string[], RegExp, Record<string, string>?]>([
    ['no bearer', ['--url', 'https://booky.invalid/token'], /There is no bearer: pipe the reader’s JWT in/],
    [
      'a URL without TLS',
      ['--url', 'http://booky.invalid/token'],
      /--url should be the endpoint’s whole URL/,
    ],
    ['an origin with a path', ['--origin', 'https://booky.example/'], /--origin should be a web origin/],
    ['no role', ['--role', 'reader'], /--role should be one of: .*member/],
    ['no number', ['--wait', 'long'], /--wait should be a number of seconds/],
    ['an argument', ['https://booky.invalid/token'], /would stay in the shell’s history/],
    ['an unknown option', ['--forbidden', '1'], /Unknown option '--forbidden'/],
    ['port 0', [], /PORT and ISSUER_PORT should be the ports that npm start printed/, { PORT: '0' }],
  ])('ends with 2 for bad use: %s', async (_what, args, message, environment = {}) => {
    const { exitCode, stderr } = await smoke(args, undefined, { environment });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
  });

  test('--help says how to use it', async () => {
    expect((await smoke(['--help'])).stdout).toContain('npm run smoke');
  });
});
