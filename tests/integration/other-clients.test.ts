/** The bodies that LiveKit's other SDKs send, as docs/other-clients.md shows them, and what `livekit-client` itself sends. */
import { readFile } from 'node:fs/promises';
import { TokenSource } from 'livekit-client';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';

const page = await readFile(new URL('../../docs/other-clients.md', import.meta.url), 'utf8');

/** By SDK: the one block of JSON in its section. */
const bodies = new Map(
  page
    .split(/^## /m)
    .slice(2)
    .map((section) => [
      /^.*/.exec(section)?.[0],
      [...section.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, body]) => body),
    ]),
);

/** Dart's http names the encoding of a body of text. */
const contentTypes = new Map([['Flutter', 'application/json; charset=utf-8']]);

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.close());

const answerSchema = v.looseObject({ server_url: v.string(), participant_token: v.string() });

test('each SDK of the page is tried', () => {
  expect([...bodies.keys()]).toEqual(['Swift', 'Android', 'Flutter', 'Rust', 'Unity', 'Python']);
});

test.each([...bodies])(
  '%s’s request gets a token, and with a name one of this name',
  async (sdk = '', sent) => {
    const [body = '', ...others] = sent;
    expect(others).toEqual([]);
    const headers = { 'content-type': contentTypes.get(sdk) ?? 'application/json' };
    const response = await laptop.askForToken({ body, headers });
    expect(response.status).toBe(200);
    expect(v.parse(answerSchema, await response.json())).toMatchObject({ room_name: 'reading-club-123' });
    const named = { ...JSON.parse(body), participant_name: 'Ana Ruiz' };
    const answer = await laptop.askForToken({ body: named, headers });
    expect(await answer.json()).toMatchObject({ participant_name: 'Ana Ruiz' });
  },
);

test('livekit-client’s TokenSource.endpoint gets a token, and a clean 400 when it does not say which room', async () => {
  const headers = { authorization: `Bearer ${await laptop.issuer.issueToken({ sub: 'user-001' })}` };
  const source = TokenSource.endpoint(`${laptop.api.url}/api/reading-clubs/meetings/token`, { headers });
  const { serverUrl, participantToken } = await source.fetch({ roomName: 'reading-club-123' });
  expect([serverUrl, participantToken]).toEqual([
    expect.stringMatching(/^wss?:/),
    expect.stringMatching(/^eyJ/),
  ]);
  await expect(source.fetch({})).rejects.toThrow('400');
});

test.each([
  { participant_identity: 'someone-else' },
  { participant_metadata: 'x' },
  { participant_attributes: { role: 'moderator' } },
  { room_config: { agents: [{ agent_name: 'x' }] } },
])('what an SDK must not set is a 400: %j', async (field) => {
  const body = { room_name: 'reading-club-123', room_config: {}, ...field };
  expect((await laptop.askForToken({ body })).status).toBe(400);
});
