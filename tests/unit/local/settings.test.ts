import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readDeployment } from '../../../deploy/parameters.cjs';
import { parseConfig } from '../../../lib/config.ts';
import { parseSettings } from '../../../local/settings.ts';

const defaults = {
  ports: { PORT: 3000, ISSUER_PORT: 3001, PAGE_PORT: 3010 },
  secret: {
    LIVEKIT_API_KEY: 'devkey',
    LIVEKIT_API_SECRET: 'secret',
    LIVEKIT_WS_URL: 'ws://localhost:7880',
  },
  origins: [],
  signsAccessTokens: false,
  fault: undefined,
  parameters: {},
  claims: { identity: 'sub', name: 'name', clubs: {}, clubsPrefix: undefined },
  environment: {},
};

it('has a value for everything', () => {
  expect(parseSettings({}, {})).toEqual(defaults);
});

it('takes an empty variable for one that is unset', () => {
  const empty = { PORT: '', LIVEKIT_API_KEY: '', LIVEKIT_WS_URL: '', CLUBS_CLAIM: '', TOKEN_TTL_SECONDS: '' };
  expect(parseSettings(empty, {})).toEqual(defaults);
});

const example = parseEnv(readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8'));

/** Every variable that the function reads, but the secret's name, which `npm start` sets itself. */
const variables = new Set<string>();
parseConfig(
  new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => {
        variables.add(String(name));
        return name === 'LIVEKIT_SECRET_ID' ? 'booky/livekit' : undefined;
      },
    },
  ),
);
variables.delete('LIVEKIT_SECRET_ID');

it.each([...variables])('takes %s, which .env.example names', (name) => {
  expect(JSON.stringify(parseSettings({ [name]: 'given' }, {}))).toContain('"given"');
  expect(Object.keys(example)).toContain(name);
});

it('.env.example shows the values that hold without it', () => {
  const meant = (given: Readonly<Record<string, string | undefined>>) => {
    const { parameters, environment: others, ...ofLaptop } = parseSettings(given, {});
    const laptop = { issuer: 'http://localhost:3001', ...parameters };
    const { environment } = readDeployment(laptop, { stage: 'dev', region: 'eu-central-1' });
    return { ...ofLaptop, environment, config: parseConfig({ ...environment, ...others }) };
  };
  expect(meant(example)).toEqual(meant({}));
});

it('puts the LiveKit project into the secret, claims into parameters, and passes the rest on, and nothing else', () => {
  const secret = {
    LIVEKIT_API_KEY: 'APIkey',
    LIVEKIT_API_SECRET: 'a secret',
    LIVEKIT_WS_URL: 'wss://booky.livekit.cloud',
  };
  const variables = {
    ...secret,
    PORT: '0',
    ISSUER_PORT: '65535',
    PAGE_PORT: '1',
    CLUBS_CLAIM: 'clubs',
    ORIGINS: 'http://localhost:4173,https://booky.example',
    SIGN_IN_JWT: 'access',
    FAULT: 'slow',
    CREDENTIALS_TIMEOUT_MS: '100',
    LOG_LEVEL: 'WARN',
    AWS_ACCESS_KEY_ID: 'AKIAREAL',
    NODE_OPTIONS: '--inspect',
  };
  const settings = parseSettings(variables, { 'clubs-claim': 'groups', 'identity-claim': 'uid' });
  expect(settings).toEqual({
    ports: { PORT: 0, ISSUER_PORT: 65_535, PAGE_PORT: 1 },
    secret,
    origins: ['http://localhost:4173', 'https://booky.example'],
    signsAccessTokens: true,
    fault: 'slow',
    parameters: { 'clubs-claim': 'clubs', 'log-level': 'WARN' },
    claims: { identity: 'uid', name: 'name', clubs: { member: 'clubs' }, clubsPrefix: undefined },
    environment: { CREDENTIALS_TIMEOUT_MS: '100' },
  });
});

it('a URL alone goes with the development pair', () => {
  expect(parseSettings({ LIVEKIT_WS_URL: 'ws://localhost:7890' }, {}).secret).toEqual({
    ...defaults.secret,
    LIVEKIT_WS_URL: 'ws://localhost:7890',
  });
});

describe('a fault names its variable', () => {
  it.each([
    [{ PORT: 'http' }, /^PORT is "http": .* port from 0 to 65535/],
    [{ PORT: '-1' }, /^PORT/],
    [{ PORT: '3000.5' }, /^PORT/],
    [{ ISSUER_PORT: '65536' }, /^ISSUER_PORT is "65536"/],
    [{ FAULT: '500' }, /^FAULT is "500": .* 503, 429, slow, expired\.$/],
    [{ LIVEKIT_API_KEY: 'APIkey' }, /^LIVEKIT_API_SECRET is not set/],
    [{ LIVEKIT_API_SECRET: 'hidden' }, /^LIVEKIT_API_KEY is not set((?!hidden).)*$/],
  ])('%j', (environment: Record<string, string>, message) => {
    expect(() => parseSettings(environment, {})).toThrow(message);
  });
});
