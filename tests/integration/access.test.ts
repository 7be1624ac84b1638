import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop({
    parameters: { 'clubs-claim': 'clubs', scopes: 'meetings/join,meetings/all' },
  });
});
afterAll(() => laptop.close());

const ask = (claims: object) => laptop.askForToken({ claims: { sub: 'user-001', ...claims } });
const scope = 'profile meetings/join';

it.each([[[7, 123]], [['reading-club-123']], ['123']])(
  'with membership enforced, admits a reader with the clubs %j',
  async (clubs) => {
    expect((await ask({ scope, clubs })).status).toBe(200);
  },
);

it.each([undefined, [7, 1234]])('with membership enforced, answers 403 to the clubs %j', async (clubs) => {
  const response = await ask({ scope, clubs });
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ code: 'not_a_member' });
});

it.each([undefined, 'meetings/joins'])('the gateway forbids a JWT with the scope %j', async (scope) => {
  const response = await ask({ scope, clubs: [123] });
  expect(response.status).toBe(403);
  expect(await response.json()).toEqual({ message: 'Forbidden' });
});
