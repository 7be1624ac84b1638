import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLiveKitCredentials, UnusableCredentials } from '../../../lib/secret/livekit-credentials.ts';

const apiSecret = 'a-secret-of-exactly-32-characters'.slice(0, 32);
const cloud = 'wss://project.livekit.cloud';
const secret = { LIVEKIT_API_KEY: 'APIkey', LIVEKIT_API_SECRET: apiSecret, LIVEKIT_WS_URL: cloud };
const fallback = { url: 'wss://fallback.livekit.cloud', isLoopback: false };

const parse = (fields: unknown, fallbackUrl?: typeof fallback) =>
  parseLiveKitCredentials(JSON.stringify(fields), fallbackUrl);

test('a whole secret is read; fields that are not ours are ignored', () => {
  expect(parse({ ...secret, ROTATED_BY: 'ops' })).toEqual({ apiKey: 'APIkey', apiSecret, serverUrl: cloud });
});

describe('the URL', () => {
  test('of the secret wins over that of the environment', () => {
    expect(parse(secret, fallback).serverUrl).toBe(cloud);
  });

  test.each([undefined, null, ''])('of the environment serves where the secret has %j', (url) => {
    expect(parse({ ...secret, LIVEKIT_WS_URL: url }, fallback).serverUrl).toBe(fallback.url);
  });

  test('has to be somewhere', () => {
    expect(() => parse({ ...secret, LIVEKIT_WS_URL: undefined })).toThrow(
      'LIVEKIT_WS_URL is neither in the secret nor in the environment',
    );
  });

  test.each(['ws://project.livekit.cloud', 'http://project.livekit.cloud', 'nonsense'])(
    'may not be %s',
    (url) => {
      expect(() => parse({ ...secret, LIVEKIT_WS_URL: url }, fallback)).toThrow(/LIVEKIT_WS_URL .* wss:\/\//);
    },
  );
});

describe('off loopback', () => {
  test('an API secret of 31 characters is refused, one of 32 is not', () => {
    expect(() => parse({ ...secret, LIVEKIT_API_SECRET: apiSecret.slice(1) })).toThrow(
      /LIVEKIT_API_SECRET .* 32/,
    );
    expect(() => parse({ ...secret, LIVEKIT_API_SECRET: apiSecret })).not.toThrow();
  });

  test('the development pair is refused as such', () => {
    expect(() => parse({ ...secret, LIVEKIT_API_KEY: 'devkey', LIVEKIT_API_SECRET: 'secret' })).toThrow(
      /development pair/,
    );
  });

  test('either half of the development pair is judged like any other', () => {
    expect(() => parse({ ...secret, LIVEKIT_API_KEY: 'devkey' })).not.toThrow();
    expect(() => parse({ ...secret, LIVEKIT_API_SECRET: 'secret' })).toThrow(/LIVEKIT_API_SECRET .* 32/);
  });

  test('so is a short secret with the URL of the environment', () => {
    const { LIVEKIT_API_KEY, LIVEKIT_WS_URL: _url } = secret;
    expect(() => parse({ LIVEKIT_API_KEY, LIVEKIT_API_SECRET: 'short' }, fallback)).toThrow(
      /LIVEKIT_API_SECRET/,
    );
  });
});

test.each(['ws://localhost:7880', 'http://127.0.0.1:7880', 'ws://[::1]:7880'])(
  'on loopback, %s, the development pair is welcome',
  (url) => {
    const development = { LIVEKIT_API_KEY: 'devkey', LIVEKIT_API_SECRET: 'secret', LIVEKIT_WS_URL: url };
    expect(parse(development)).toMatchObject({ apiKey: 'devkey', apiSecret: 'secret' });
  },
);

describe.each(['LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET'])('%s', (name) => {
  test.each([undefined, null, ''])('is missing when it is %j', (value) => {
    expect(() => parse({ ...secret, [name]: value })).toThrow(`${name} is missing`);
  });

  test.each([1, true, {}, ['x']])('is no string when it is %j', (value) => {
    expect(() => parse({ ...secret, [name]: value })).toThrow(`${name} should be a string`);
  });

  test.each([`${apiSecret}\n`, ` ${apiSecret}`, `x ${apiSecret}`])(
    'may not be %j, with white space',
    (value) => {
      expect(() => parse({ ...secret, [name]: value })).toThrow(`${name} should have no white space`);
    },
  );
});

describe('refuses a secret that is not a JSON object, and the message says what it is:', () => {
  test.each([
    ['binary', undefined, /no SecretString/],
    ['empty', '', /not JSON/],
    ['cut short', '{', /not JSON/],
    ['an array', '[]', /be a JSON object/],
    ['null', 'null', /be a JSON object/],
    ['a text', '"text"', /be a JSON object/],
    ['a number', '1', /be a JSON object/],
  ])('%s', (_what, text, message) => {
    const parse = () => parseLiveKitCredentials(text, fallback);
    expect(parse).toThrow(message);
    expect(parse).toThrow(UnusableCredentials);
    // The log tells an error by its name.
    expect(parse).toThrow(expect.objectContaining({ name: 'UnusableCredentials' }));
  });
});

test('no message ever holds a value', () => {
  const field = fc.string({ minLength: 12 });
  fc.assert(
    fc.property(field, field, field, (key, value, url) => {
      const text = JSON.stringify({ LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: value, LIVEKIT_WS_URL: url });
      for (const candidate of [text, text.slice(1), value]) {
        try {
          parseLiveKitCredentials(candidate, undefined);
        } catch (error) {
          const shown = String(error) + String(error instanceof Error ? error.cause : '');
          expect(shown).not.toContain(key);
          expect(shown).not.toContain(value);
          expect(shown).not.toContain(url);
        }
      }
    }),
  );
});
