import { expect, test } from 'vitest';
import { parseLiveKitUrl } from '../../lib/livekit-url.ts';
import { accepted, refused } from '../support/livekit-urls.ts';

test.each(accepted)('%s is answered as %s', (text, url, isLoopback) => {
  expect(parseLiveKitUrl(text)).toEqual({ url, isLoopback });
});

test.each(refused)('%s is refused', (text) => {
  expect(parseLiveKitUrl(text)).toBeUndefined();
});
