import { AccessToken, TokenVerifier } from 'livekit-server-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { roles } from '../../lib/contract.ts';
import { attributesOf, grants } from '../../lib/grants.ts';
import { mintToken } from '../../lib/token.ts';
import { memberGrants } from '../../stand-ins/lambda/event.ts';

const apiKey = 'APIkey';
const apiSecret = 'a-secret-of-at-least-32-characters';
const credentials = { apiKey, apiSecret, serverUrl: 'wss://project.livekit.cloud' };
const admission = {
  identity: 'user-001',
  name: 'Ana',
  room: 'reading-club-123',
  grant: grants.member,
  attributes: attributesOf('member'),
  ttlSeconds: 600,
};

const now = Date.UTC(2026, 10, 23, 10);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: now + 999 });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([120, 3_600])('a token for %i s has exactly the claims of the contract', async (ttlSeconds) => {
  const { jwt, expiresAt } = mintToken({ ...admission, ttlSeconds }, credentials);
  expect(await new TokenVerifier(apiKey, apiSecret).verify(jwt)).toEqual({
    iss: apiKey,
    sub: 'user-001',
    name: 'Ana',
    video: memberGrants,
    nbf: now / 1000,
    exp: now / 1000 + ttlSeconds,
  });
  expect(expiresAt).toEqual(new Date(now + 1000 * ttlSeconds));
});

test.each(roles)('a %s’s token is what LiveKit’s SDK mints', async (role) => {
  const attributes = attributesOf(role);
  const name = 'Zoë “Z” 读者 📚';
  // Longer than a block of SHA-256, with a character of several bytes.
  const secret = `${'a-secret-of-more-than-a-block-'.repeat(3)}ß`;
  const published = new AccessToken(apiKey, secret, {
    identity: name,
    name,
    ttl: 600,
    ...(attributes && { attributes }),
  });
  published.addGrant({ room: 'reading-club-123', ...grants[role] });
  const { jwt } = mintToken(
    { ...admission, identity: name, name, grant: grants[role], attributes },
    { ...credentials, apiSecret: secret },
  );

  const [header, claims] = decoded(jwt);
  expect([header, claims]).toEqual(decoded(await published.toJwt()));
  await expect(new TokenVerifier(apiKey, secret).verify(jwt)).resolves.toEqual(claims);
  await expect(new TokenVerifier(apiKey, `${secret}x`).verify(jwt)).rejects.toThrow();
});

function decoded(jwt: string): unknown[] {
  return jwt
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
}
