import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Laptop, startLaptop } from '../support/laptop.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop({ parameters: { origins: 'http://localhost:3010,https://booky.example' } });
});
afterAll(() => laptop.close());

const preflight = (origin: string) =>
  fetch(`${laptop.api.url}/api/reading-clubs/meetings/token`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

/** The elements of a list header, in lower case. */
const listed = (response: Response, name: string) =>
  (response.headers.get(name) ?? '').toLowerCase().split(/ *, */);

describe('a preflight', () => {
  it.each(['http://localhost:3010', 'https://booky.example'])(
    'of %s passes, without a JWT',
    async (origin) => {
      const response = await preflight(origin);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(listed(response, 'access-control-allow-methods')).toContain('post');
      expect(listed(response, 'access-control-allow-headers')).toEqual(
        expect.arrayContaining(['authorization', 'content-type']),
      );
    },
  );

  it.each([
    'https://elsewhere.example',
    'https://booky.example.elsewhere.example',
    'http://booky.example',
    'http://localhost:3011',
    'null',
  ])('of %s does not', async (origin) => {
    const response = await preflight(origin);
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
  });
});

it("lets the front end's page read the answer, and Retry-After", async () => {
  const response = await laptop.askForToken({ headers: { origin: 'https://booky.example' } });
  expect(response.status).toBe(200);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://booky.example');
  expect(listed(response, 'access-control-expose-headers')).toContain('retry-after');
});
