import { TokenVerifier } from 'livekit-server-sdk';
import { expect, test } from 'vitest';
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
};

test.each([120, 600, 3_600])(
  'a token for %i s has exactly the claims of the contract',
  async (ttlSeconds) => {
    const before = Math.floor(Date.now() / 1000);
    const { jwt, expiresAt } = await mintToken({ ...admission, ttlSeconds }, credentials);
    const after = Math.floor(Date.now() / 1000);

    const { nbf = 0, exp = 0, ...claims } = await new TokenVerifier(apiKey, apiSecret).verify(jwt);
    expect(claims).toEqual({
      iss: apiKey,
      sub: 'user-001',
      name: 'Ana',
      video: memberGrants,
    });
    // Never backdated. The SDK reads the clock for the one and we for the other, so that a second may turn between them.
    expect(nbf).toBeGreaterThanOrEqual(before);
    expect(nbf).toBeLessThanOrEqual(after);
    expect(exp).toBeGreaterThanOrEqual(before + ttlSeconds);
    expect(exp).toBeLessThanOrEqual(after + ttlSeconds);
    expect(expiresAt).toEqual(new Date(exp * 1000));
  },
);

test('a token is signed HS256 with the API secret and no other', async () => {
  const { jwt } = await mintToken({ ...admission, ttlSeconds: 600 }, credentials);
  expect(JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString())).toEqual({ alg: 'HS256' });
  await expect(new TokenVerifier(apiKey, `${apiSecret}x`).verify(jwt)).rejects.toThrow();
});

test.each(['moderator', 'listener'] as const)('a %s’s token shows the role to everyone', async (role) => {
  const { jwt } = await mintToken(
    { ...admission, grant: grants[role], attributes: attributesOf(role), ttlSeconds: 600 },
    credentials,
  );
  const { attributes, video } = await new TokenVerifier(apiKey, apiSecret).verify(jwt);
  expect(attributes).toEqual({ role });
  expect(video).not.toHaveProperty('canUpdateOwnMetadata');
});

test('tokens of one credential don’t share what they grant', async () => {
  const verifier = new TokenVerifier(apiKey, apiSecret);
  const moderator = await mintToken({ ...admission, grant: grants.moderator, ttlSeconds: 600 }, credentials);
  const member = await mintToken({ ...admission, ttlSeconds: 600 }, credentials);
  expect((await verifier.verify(moderator.jwt)).video).toHaveProperty('roomAdmin', true);
  expect((await verifier.verify(member.jwt)).video).not.toHaveProperty('roomAdmin');
});
