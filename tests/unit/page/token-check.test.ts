import { describe, expect, it } from 'vitest';
import { checkToken, type Expected } from '../../../local/page/src/token-check.ts';

const now = 1_800_000_000;
const expected: Expected = { room: 'reading-club-123', reader: 'user-001', role: 'member', now };
const grants = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };
const video = { room: 'reading-club-123', ...grants };
const claims = { iss: 'devkey', sub: 'user-001', nbf: now, exp: now + 600, video };

/** The claims that are not as they should be. */
const faults = (token: Record<string, unknown>, changes: Partial<Expected> = {}) =>
  checkToken(token, { ...expected, ...changes })
    .filter(({ verdict }) => verdict === 'bad')
    .map(({ claim }) => claim);

describe('a member’s token', () => {
  it('has nothing wrong with it as the endpoint signs it', () => {
    expect(faults(claims)).toEqual([]);
  });

  it.each([
    ['iss', { iss: undefined }],
    ['iss', { iss: '' }],
    ['sub', { sub: 'user-002' }],
    ['nbf', { nbf: now + 61 }],
    ['nbf', { nbf: 'now' }],
    ['exp', { exp: now }],
    ['exp', { exp: undefined }],
    ['video.room', { video: { ...video, room: 'reading-club-1234' } }],
    ['video.roomJoin', { video: { ...video, roomJoin: undefined } }],
    ['video.canPublish', { video: { ...video, canPublish: false } }],
    ['video.canSubscribe', { video: { ...video, canSubscribe: 'true' } }],
    ['video.canPublishData', { video: { ...video, canPublishData: null } }],
    ['video.roomAdmin', { video: { ...video, roomAdmin: true } }],
    ['attributes.role', { attributes: { role: 'moderator' } }],
  ])('gets a cross for %s: %j', (claim, change) => {
    expect(faults({ ...claims, ...change })).toEqual([claim]);
  });

  it('may begin up to a minute from now, and lasts until its last second', () => {
    expect(faults({ ...claims, nbf: now + 60, exp: now + 1 })).toEqual([]);
  });

  it.each([[{}], [undefined], [null], ['video'], [[]]])(
    'gets five crosses for the video grant %j',
    (value) => {
      expect(faults({ ...claims, video: value })).toHaveLength(5);
    },
  );
});

describe('a listener’s token', () => {
  const listening = {
    ...claims,
    video: { ...video, canPublish: false },
    attributes: { role: 'listener' },
  };

  it('rightly withholds publishing', () => {
    expect(faults(listening, { role: 'listener' })).toEqual([]);
    const checks = checkToken(listening, { ...expected, role: 'listener' });
    expect(checks.find(({ claim }) => claim === 'video.canPublish')?.verdict).toBe('withheld');
  });

  it('must say so: LiveKit lets publish whoever is not forbidden to', () => {
    const silent = { ...listening, video: { ...video, canPublish: undefined } };
    expect(faults(silent, { role: 'listener' })).toEqual(['video.canPublish']);
  });
});

describe('a moderator’s token', () => {
  const moderating = {
    ...claims,
    video: { ...video, roomAdmin: true },
    attributes: { role: 'moderator' },
  };

  it('needs roomAdmin', () => {
    const withoutIt = { ...moderating, video };
    expect(faults(withoutIt, { role: 'moderator' })).toEqual(['video.roomAdmin']);
    expect(faults(moderating, { role: 'moderator' })).toEqual([]);
  });

  it.each([{ attributes: undefined }, { attributes: {} }, { attributes: { role: 'listener' } }])(
    'shows the others who moderates: %j',
    (change) => {
      expect(faults({ ...moderating, ...change }, { role: 'moderator' })).toEqual(['attributes.role']);
    },
  );
});
