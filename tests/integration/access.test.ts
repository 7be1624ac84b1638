import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop({
    parameters: { 'clubs-claim': 'clubs', scopes: 'meetings/join,meetings/all' },
  });
});
afterAll(() => laptop.close());

const scope = 'profile meetings/join';

describe('with membership enforced', () => {
  it.each([
    ['an array of numbers', [7, 123]],
    ['an array of one', ['123']],
    ['an array of room names', ['reading-club-123']],
    ['one number', 123],
    ['one string', '123'],
  ])('accepts a claim that lists the club: %s', async (_, clubs) => {
    expect((await laptop.askForToken({ claims: { sub: 'user-001', scope, clubs } })).status).toBe(200);
  });

  it.each([
    ['absent', undefined],
    ['of other clubs', [7, 1234]],
    ['empty', []],
    ['of another form', { 123: true }],
  ])('answers 403 to a claim that does not: %s', async (_, clubs) => {
    const response = await laptop.askForToken({ claims: { sub: 'user-001', scope, clubs } });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({
      error: expect.stringMatching(/./),
      code: 'not_a_member',
      request_id: expect.stringMatching(/./),
    });
  });
});

describe('with required scopes', () => {
  it.each([undefined, 'profile', 'meetings/joins'])('the gateway forbids a JWT with %j', async (scope) => {
    const response = await laptop.askForToken({ claims: { sub: 'user-001', scope, clubs: [123] } });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Forbidden' });
  });
});
