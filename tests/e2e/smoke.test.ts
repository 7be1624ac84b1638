/** `npm run smoke` against real LiveKit servers: what `npm start` runs, and a deployment's token. */
import { describe, expect, inject, test } from 'vitest';
import { checkDeployment } from '../../scripts/smoke/deployment.ts';
import { startDeployment } from '../support/deployment.ts';
import { runScript } from '../support/run-script.ts';
import { apiSecret } from '../support/tokens.ts';
import { liveKit } from './support/livekit-api.ts';
import { signIn } from './support/reader.ts';

const { tokenEndpoint, issuerUrl, liveKitUrl } = inject('stack');

test.each([
  ['of another secret', { apiSecret: 'another-secret' }, ['wrong-secret']],
  ['as the server wants it', { apiSecret }, []],
])('a deployment’s token %s, at a real LiveKit', async (_what, keys, codes) => {
  const answer = { server_url: liveKitUrl.replace('http:', 'ws:') };
  const checks = await checkDeployment(await startDeployment({ ...keys, answer }));
  expect(checks.filter(({ mark }) => mark === 'bad').map(({ code }) => code)).toEqual(codes);
  expect(JSON.stringify(checks)).not.toMatch(/eyJ[\w-]{8}/);
});

describe('what npm start runs', () => {
  test('is checked without any argument, and no room is created', async () => {
    const environment = {
      PORT: new URL(tokenEndpoint).port,
      ISSUER_PORT: new URL(issuerUrl).port,
      CLUBS_CLAIM: 'reading_clubs',
    };
    const before = (await liveKit.listRooms()).map(({ name }) => name);
    const { exitCode, stdout } = await runScript('scripts/smoke.ts', [], { environment });
    expect(stdout).toMatch(/^✓ LiveKit .* lets the token in$/m);
    expect(stdout).toMatch(/^✓ another club +403 not_a_member/m);
    expect(stdout).toMatch(/\n\nNothing is wrong\.\n$/);
    expect(exitCode).toBe(0);
    // LiveKit lists them in any order, and ends those that earlier tests left.
    const after = (await liveKit.listRooms()).map(({ name }) => name);
    expect(before).toEqual(expect.arrayContaining(after));
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
