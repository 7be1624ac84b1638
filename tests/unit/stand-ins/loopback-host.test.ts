/** Which hosts a server on loopback answers to, shown by the issuer: the API and the page are in tests/integration. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Issuer, startIssuer } from '../../../stand-ins/issuer.ts';
import { requestAs } from '../../support/request-as.ts';

let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
});
afterAll(() => issuer.close());

it.each(['localhost', 'localhost:3001', 'LOCALHOST:1', '127.0.0.1', '127.0.0.1:3001', '[::1]', '[::1]:3001'])(
  'answers as %s',
  async (host) => {
    const { status, body } = await requestAs(host, `${issuer.url}/token?sub=user-001`);
    expect(status).toBe(200);
    expect(body).toContain('access_token');
  },
);

it.each([
  'evil.example',
  'evil.example:3001',
  'localhost.evil.example',
  'evil-localhost',
  'localhost.',
  'localhost:evil',
  'evil@localhost',
  '127.0.0.1.evil.example',
  '127.0.0.2',
  '1127.0.0.1',
  '0.0.0.0',
  '::1',
  '[::2]',
])('refuses to answer as %j, and says why', async (host) => {
  const { status, headers, body } = await requestAs(host, `${issuer.url}/token?sub=user-001`);
  expect(status).toBe(421);
  expect(headers['access-control-allow-origin']).toBeUndefined();
  expect(body).toMatch(/localhost.*127\.0\.0\.1.*\[::1\].*DNS rebinding/);
});
