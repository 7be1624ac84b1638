import { describe, expect, test } from 'vitest';
import { ConfigurationFault, parseConfig, parseLogging } from '../../lib/config.ts';

const required = { LIVEKIT_SECRET_ID: 'booky/livekit' };

test('the defaults are the contract’s', () => {
  expect(parseConfig(required)).toEqual({
    secretId: 'booky/livekit',
    liveKitUrl: undefined,
    tokenTtlSeconds: 600,
    credentials: {
      maxAgeMs: 300_000,
      maxStalenessMs: 3_600_000,
      cooldownMs: 5_000,
      timeoutMs: 2_000,
      refreshPatienceMs: 300,
    },
    claims: {
      identity: 'sub',
      name: 'name',
      clubs: {},
      clubsPrefix: undefined,
    },
  });
});

test.each([
  ['LIVEKIT_SECRET_ID', 'other', 'secretId', 'other'],
  ['LIVEKIT_WS_URL', 'https://a.example', 'liveKitUrl', { url: 'wss://a.example', isLoopback: false }],
  ['TOKEN_TTL_SECONDS', '300', 'tokenTtlSeconds', 300],
  ['CREDENTIALS_MAX_AGE_SECONDS', '60', 'credentials.maxAgeMs', 60_000],
  ['CREDENTIALS_MAX_STALENESS_SECONDS', '120', 'credentials.maxStalenessMs', 120_000],
  ['CREDENTIALS_COOLDOWN_SECONDS', '7', 'credentials.cooldownMs', 7_000],
  ['CREDENTIALS_TIMEOUT_MS', '1500', 'credentials.timeoutMs', 1_500],
  ['CREDENTIALS_REFRESH_PATIENCE_MS', '150', 'credentials.refreshPatienceMs', 150],
  ['CLUBS_CLAIM', 'clubs', 'claims.clubs.member', 'clubs'],
  ['MODERATED_CLUBS_CLAIM', 'moderated', 'claims.clubs.moderator', 'moderated'],
  ['LISTENERS_CLAIM', 'listening', 'claims.clubs.listener', 'listening'],
  ['CLUBS_PREFIX', 'club:', 'claims.clubsPrefix', 'club:'],
  ['IDENTITY_CLAIM', 'booky_id', 'claims.identity', 'booky_id'],
  ['NAME_CLAIM', 'nickname', 'claims.name', 'nickname'],
])('%s=%s sets %s', (name, text, path, value) => {
  expect(parseConfig({ ...required, [name]: text })).toHaveProperty(path, value);
});

describe.each([
  { name: 'TOKEN_TTL_SECONDS', min: 120, max: 3_600 },
  { name: 'CREDENTIALS_MAX_AGE_SECONDS', min: 1, max: 3_600 },
  { name: 'CREDENTIALS_MAX_STALENESS_SECONDS', min: 0, max: 86_400 },
  { name: 'CREDENTIALS_COOLDOWN_SECONDS', min: 0, max: 300 },
  { name: 'CREDENTIALS_TIMEOUT_MS', min: 100, max: 10_000 },
  { name: 'CREDENTIALS_REFRESH_PATIENCE_MS', min: 0, max: 2_000 },
])('$name', ({ name, min, max }) => {
  test.each([String(min), String(max)])('may be %s', (value) => {
    expect(() => parseConfig({ ...required, [name]: value })).not.toThrow();
  });

  test.each([String(min - 1), String(max + 1), '5m', '1e3', ' 200', '200.5', '+200', '-1', 'NaN'])(
    'may not be "%s"',
    (value) => {
      const message = `${name} is "${value}": it should be a whole number from ${min} to ${max}`;
      expect(() => parseConfig({ ...required, [name]: value })).toThrow(new ConfigurationFault(message));
    },
  );

  test('counts as unset when it is empty', () => {
    expect(parseConfig({ ...required, [name]: '' })).toEqual(parseConfig(required));
  });
});

test('the log tells a fault of the configuration by its name', () => {
  expect(() => parseConfig({})).toThrow(expect.objectContaining({ name: 'ConfigurationFault' }));
});

test.each([undefined, ''])('requires LIVEKIT_SECRET_ID, and refuses %j', (value) => {
  expect(() => parseConfig({ LIVEKIT_SECRET_ID: value })).toThrow(
    'LIVEKIT_SECRET_ID is not set: it should be the name or ARN of a secret in Secrets Manager',
  );
});

test.each(['ftp://x', 'wss://key:hunter2@project.livekit.cloud', '{"LIVEKIT_API_SECRET":"hunter2"}'])(
  'a faulty LIVEKIT_WS_URL is named, with what it should be, and not quoted: %s',
  (value) => {
    const fault = new ConfigurationFault(
      "LIVEKIT_WS_URL can't be used: it should be a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path",
    );
    expect(() => parseConfig({ ...required, LIVEKIT_WS_URL: value })).toThrow(fault);
  },
);

test('all faults are named at once', () => {
  expect(() => parseConfig({ TOKEN_TTL_SECONDS: '1', CREDENTIALS_TIMEOUT_MS: 'x' })).toThrow(
    /LIVEKIT_SECRET_ID .*; TOKEN_TTL_SECONDS .*; CREDENTIALS_TIMEOUT_MS /,
  );
});

test.each([
  { LOG_LEVEL: 'DEBUG', threshold: 'DEBUG' },
  { LOG_LEVEL: 'ERROR', threshold: 'ERROR' },
  { LOG_LEVEL: '', threshold: 'INFO' },
  { LOG_LEVEL: undefined, threshold: 'INFO' },
])('of the log level $LOG_LEVEL the threshold is $threshold', ({ LOG_LEVEL, threshold }) => {
  expect(parseLogging({ LOG_LEVEL })).toMatchObject({ threshold });
  expect(() => parseConfig({ LIVEKIT_SECRET_ID: 'x', LOG_LEVEL })).not.toThrow();
});

test.each(['FATAL', 'info'])(
  'the log level %s is a fault, which is logged from INFO upwards',
  (LOG_LEVEL) => {
    expect(parseLogging({ LOG_LEVEL })).toMatchObject({ threshold: 'INFO' });
    expect(() => parseConfig({ LIVEKIT_SECRET_ID: 'x', LOG_LEVEL })).toThrow(
      `LOG_LEVEL is "${LOG_LEVEL}": it should be one of DEBUG, INFO, WARN, ERROR`,
    );
  },
);

test('the metrics are counted under the name that Lambda gives to the function', () => {
  expect(parseLogging({ AWS_LAMBDA_FUNCTION_NAME: 'booky-meeting-token-prod-token' })).toMatchObject({
    namespace: 'booky-meeting-token-prod-token',
  });
  // CloudWatch refuses the namespace "".
  expect(parseLogging({}).namespace).not.toBe('');
});
