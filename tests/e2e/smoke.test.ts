/** `npm run smoke` against real LiveKit servers: what `npm start` runs, and deployments with any one fault. */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { findLiveKit, howToGetLiveKit, type LiveKit, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { checkDeployment } from '../../scripts/smoke/deployment.ts';
import { type Faults, startDeployment } from '../support/deployment.ts';
import { runScript } from '../support/run-script.ts';
import { liveKit } from './support/livekit-api.ts';
import { signIn } from './support/reader.ts';
import { apiKey, apiSecret } from './support/stack.ts';

const { tokenEndpoint, issuerUrl, liveKitUrl } = inject('stack');
const serverUrl = liveKitUrl.replace('http:', 'ws:');

const servers: LiveKit[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Another LiveKit server, in addition to the stack's. */
async function anotherServer(options: { apiKey?: string; autoCreate?: boolean }): Promise<string> {
  const binary = (await findLiveKit(process.env)) ?? expect.fail(howToGetLiveKit);
  const server = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret, ...options });
  servers.push(server);
  return server.url;
}

describe('a deployment whose LiveKit is the real one', () => {
  const seconds = () => Math.floor(Date.now() / 1000);

  test.each<[string, string[], () => Faults | Promise<Faults>]>([
    ['no fault', [], () => ({})],
    [
      'the URL of another project',
      ['unknown-key'],
      async () => ({ answer: { server_url: await anotherServer({ apiKey: 'other' }) } }),
    ],
    ['an unknown key', ['unknown-key'], () => ({ claims: { iss: 'deleted' } })],
    ['a wrong secret', ['wrong-secret'], () => ({ apiSecret: 'another-secret' })],
    [
      'a clock that is behind',
      ['expired', 'expired'],
      () => ({ claims: { nbf: seconds() - 900, exp: seconds() - 300 } }),
    ],
    [
      'a clock that is ahead',
      ['not-yet-valid', 'not-yet-valid'],
      () => ({ claims: { nbf: seconds() + 300 } }),
    ],
    [
      'an empty grant',
      ['empty-video-grant', 'no-room-join', 'no-room', 'no-room-join'],
      () => ({ claims: { video: {} } }),
    ],
    [
      'no rooms by itself',
      ['room-must-exist'],
      async () => ({ answer: { server_url: await anotherServer({ autoCreate: false }) } }),
    ],
    [
      'a host that does not exist',
      ['livekit-unknown-host'],
      () => ({ answer: { server_url: 'wss://livekit.invalid' } }),
    ],
    [
      'a server without TLS',
      ['livekit-tls'],
      () => ({ answer: { server_url: serverUrl.replace('ws:', 'wss:') } }),
    ],
  ])('%s', async (_fault, codes, faults) => {
    const { answer, ...rest } = await faults();
    const target = await startDeployment({
      ...rest,
      apiSecret,
      answer: { server_url: serverUrl, ...answer },
      ...rest,
    });
    const checks = await checkDeployment(target);
    expect(checks.filter(({ mark }) => mark === 'bad').map(({ code }) => code)).toEqual(codes);
    expect(JSON.stringify(checks)).not.toMatch(/eyJ[\w-]{8}/);
  });
});

describe('what npm start runs', () => {
  test('is checked without any argument, and no room is created', async () => {
    const environment = {
      PORT: new URL(tokenEndpoint).port,
      ISSUER_PORT: new URL(issuerUrl).port,
      CLUBS_CLAIM: 'reading_clubs',
    };
    const before = await liveKit.listRooms();
    const { exitCode, stdout } = await runScript('scripts/smoke.ts', [], { environment });
    expect(stdout).toMatch(/^✓ LiveKit .* lets the token in$/m);
    expect(stdout).toMatch(/^✓ another club +403 not_a_member/m);
    expect(stdout).toMatch(/\n\nNothing is wrong\.\n$/);
    expect(exitCode).toBe(0);
    expect((await liveKit.listRooms()).map(({ name }) => name)).toEqual(before.map(({ name }) => name));
  });

  test.each([
    ['bearer-expired', { exp: '1700000000' }],
    ['bearer-audience', { aud: 'another-application' }],
    ['bearer-issuer', { iss: 'https://issuer.invalid' }],
  ])('says of a refused sign-in: %s', async (code, claims) => {
    const query = new URLSearchParams({ sub: 'user-001', ...claims });
    const answer = await fetch(`${issuerUrl}/token?${query}`, { headers: { accept: 'application/jwt' } });
    const environment = { BEARER_TOKEN: await answer.text() };
    const { exitCode, stdout } = await runScript('scripts/smoke.ts', ['--json', '--url', tokenEndpoint], {
      environment,
    });
    expect(exitCode).toBe(1);
    const crosses = JSON.parse(stdout).checks.filter(({ mark }: { mark: string }) => mark === 'bad');
    expect(crosses.map(({ code: found }: { code: string }) => found)).toEqual([code]);
  });

  test('says of a reader who is not in the club: not_a_member', async () => {
    const input = await signIn({ sub: 'user-001', name: 'Ana', clubs: { reading_clubs: ['456'] } });
    const args = ['--json', '--url', tokenEndpoint, '--club', '123'];
    const { stdout } = await runScript('scripts/smoke.ts', args, { input });
    expect(stdout).toContain('"code": "not_a_member"');
  });
});
