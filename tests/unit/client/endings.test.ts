import { afterEach, expect, test, vi } from 'vitest';
import { textForDevice, textForEnd } from '../../../client/endings.ts';
import { TokenError, textsForReaders } from '../../../client/index.ts';

const liveKitError = (reason: number) => Object.assign(new Error('no'), { reason });

afterEach(() => void vi.unstubAllGlobals());

test.each(['en', 'es'] as const)('each end and each device has a sentence of its own: %s', (language) => {
  const ends = [1, 2, 4, 5, undefined].map((reason) => textForEnd({ reason }, language));
  const failures = [liveKitError(0), liveKitError(2), liveKitError(5), new Error('login_required')];
  const errors = failures.map((error) => textForEnd({ reason: 1, error }, language));
  const devices = ['NotAllowedError', 'NotFoundError', 'NotReadableError'].flatMap((name) =>
    (['camera', 'microphone'] as const).map((device) =>
      textForDevice(device, Object.assign(new Error(), { name }), language),
    ),
  );
  const all = [...ends, ...errors, ...devices];
  expect(new Set(all).size).toBe(15);
  for (const text of [...all, ...devices.flatMap((text) => text.split(/(?<=\.) /))]) {
    expect(text).toMatch(/^\p{Lu}.{9,}\.$/u);
  }
  expect(textForEnd({ reason: 10 }, language)).toBe(ends[3]);
  expect(textForEnd({ error: liveKitError(6) }, language)).toBe(errors[1]);
  expect(textForEnd({ error: new TypeError('Failed to fetch') }, language)).toBe(errors[2]);
  expect(textForEnd({ error: null }, language)).toBe(errors[3]);
  expect(errors[3]).toBe(textsForReaders[language].unauthenticated);
});

test('an error of the client has its own words, in its own language where none is named', () => {
  const error = new TokenError('not_a_member', {}, 'es');
  expect(textForEnd({ error })).toBe(textsForReaders.es.not_a_member);
  expect(textForEnd({ error }, 'en')).toBe(textsForReaders.en.not_a_member);
});

test('the language is the browser’s', () => {
  vi.stubGlobal('navigator', { languages: ['fr', 'es-MX', 'en'] });
  expect(textForEnd({ reason: 1 })).toBe(textForEnd({ reason: 1 }, 'es'));
  expect(textForDevice('camera', new Error())).toBe(textForDevice('camera', new Error(), 'es'));
});
