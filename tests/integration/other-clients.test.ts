/** The bodies that LiveKit's other SDKs send, as docs/other-clients.md shows them. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';

const page = await readFile(new URL('../../docs/other-clients.md', import.meta.url), 'utf8');

/** By SDK: the one block of JSON in its section. LiveKit's SDK for browsers has tests of its own. */
const bodies = new Map(
  page
    .split(/^## /m)
    .slice(2)
    .map((section) => [
      /^.*/.exec(section)?.[0],
      [...section.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, body]) => body),
    ]),
);

const clients: [sdk: string, contentType: string][] = [
  ['Swift', 'application/json'],
  ['Android', 'application/json'],
  // Dart's http names the encoding of a body of text.
  ['Flutter', 'application/json; charset=utf-8'],
  ['Rust', 'application/json'],
  ['Unity', 'application/json'],
  ['Python', 'application/json'],
];

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.close());

const answerSchema = v.looseObject({ server_url: v.string(), participant_token: v.string() });

test('each SDK of the page is tried', () => {
  expect([...bodies.keys()]).toEqual(clients.map(([sdk]) => sdk));
});

test.each(clients)('%s’s request gets a token', async (sdk, contentType) => {
  const [body, ...others] = bodies.get(sdk) ?? [];
  expect(others).toEqual([]);
  const response = await laptop.askForToken({ body, headers: { 'content-type': contentType } });
  expect(response.status).toBe(200);
  expect(v.parse(answerSchema, await response.json())).toMatchObject({ room_name: 'reading-club-123' });
});

test.each(clients)('%s’s request with a name gets a token of this name', async (sdk, contentType) => {
  const body = { ...JSON.parse(bodies.get(sdk)?.[0] ?? ''), participant_name: 'Ana Ruiz' };
  const response = await laptop.askForToken({ body, headers: { 'content-type': contentType } });
  expect(await response.json()).toMatchObject({ participant_name: 'Ana Ruiz' });
});

test.each([
  { participant_identity: 'someone-else' },
  { participant_metadata: 'x' },
  { participant_attributes: { role: 'moderator' } },
  { room_config: { agents: [{ agent_name: 'x' }] } },
])('what an SDK must not set is a 400: %j', async (field) => {
  const response = await laptop.askForToken({
    body: { room_name: 'reading-club-123', room_config: {}, ...field },
  });
  expect(response.status).toBe(400);
});
