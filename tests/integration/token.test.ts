import { once } from 'node:events';
import { request } from 'node:http';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberGrants } from '../../stand-ins/lambda/event.ts';
import { expectDocumented } from '../support/documented-answer.ts';
import { type Laptop, secret, startLaptop } from '../support/laptop.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.close());

const answerSchema = v.looseObject({ token: v.string() });

/** What LiveKit's own SDK reads in an answer's token, having verified it with the project's secret. */
async function verifiedClaims(response: Response) {
  const { token } = v.parse(answerSchema, await response.json());
  return new TokenVerifier(secret.LIVEKIT_API_KEY, secret.LIVEKIT_API_SECRET).verify(token);
}

describe('a reader with a good JWT', () => {
  it('gets the answer of the contract, and a token with its claims and no others', async () => {
    const before = Math.floor(Date.now() / 1000);
    const response = await laptop.askForToken({
      body: { reading_club_id: 123, participant_name: 'Ana Ruiz' },
    });

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const answer = v.parse(answerSchema, await response.clone().json());
    const claims = await verifiedClaims(response);
    const { nbf = 0 } = claims;
    expect(answer).toEqual({
      token: answer.token,
      participant_token: answer.token,
      room_name: 'reading-club-123',
      participant_name: 'Ana Ruiz',
      role: 'member',
      server_url: 'ws://localhost:7880',
      expires_at: new Date((nbf + 600) * 1000).toISOString(),
    });
    expect(claims).toEqual({
      iss: 'devkey',
      sub: 'user-001',
      name: 'Ana Ruiz',
      nbf,
      exp: nbf + 600,
      video: memberGrants,
    });
    expect(nbf).toBeGreaterThanOrEqual(before);
    expect(nbf).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('gets one with the standard field too, and has the name in the JWT', async () => {
    const response = await laptop.askForToken({ body: { room_name: 'reading-club-abc', room_config: {} } });
    expect(await verifiedClaims(response)).toMatchObject({
      name: 'Ana',
      video: { room: 'reading-club-abc' },
    });
  });

  it('gets one with client_id instead of aud', async () => {
    const claims = { sub: 'user-002', aud: undefined, client_id: 'booky' };
    const response = await laptop.askForToken({ claims });
    expect(response.status).toBe(200);
    expect(await verifiedClaims(response)).toMatchObject({ sub: 'user-002', name: 'user-002' });
  });

  it('reaches the function with claims that are all strings', async () => {
    // A number as `sub` would be no reader's id, were it handed over as what it is.
    const response = await laptop.askForToken({ claims: { sub: 4711, name: 'Ana' } });
    expect(await verifiedClaims(response)).toMatchObject({ sub: '4711' });
  });
});

describe('a client that sends its own authorizer header', () => {
  const forged = JSON.stringify({ jwt: { claims: { sub: 'admin', name: 'Admin' }, scopes: null } });

  it.each(['sls-offline-authorizer-override', 'SLS-Offline-Authorizer-Override'])(
    'is who the JWT says: %s',
    async (name) => {
      const response = await laptop.askForToken({ headers: { [name]: forged } });
      expect(response.status).toBe(200);
      expect(await verifiedClaims(response)).toMatchObject({ sub: 'user-001', name: 'Ana' });
    },
  );

  it('is who the JWT says, also when it sends the header many times', async () => {
    const sent = request(`${laptop.api.url}/api/reading-clubs/meetings/token`, { method: 'POST' });
    sent.setHeader('authorization', `Bearer ${await laptop.issuer.issueToken({ sub: 'user-001' })}`);
    sent.setHeader('content-type', 'application/json');
    sent.setHeader('sls-offline-authorizer-override', [forged, forged]);
    sent.end('{"reading_club_id":123}');
    const [received] = await once(sent, 'response');
    const answer = new Response(Buffer.concat(await received.toArray()), {
      status: received.statusCode,
      headers: received.headers,
    });
    expect(answer.status).toBe(200);
    await expectDocumented(answer);
    expect(await verifiedClaims(answer)).toMatchObject({ sub: 'user-001' });
  });

  it('is refused without a JWT', async () => {
    const headers = { authorization: undefined, 'sls-offline-authorizer-override': forged };
    expect((await laptop.askForToken({ headers })).status).toBe(401);
  });
});
