/** The deployment's parameters, one by one: just inside and just outside of each rule. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readDeployment } from '../../deploy/parameters.cjs';
import { parseConfig } from '../../lib/config.ts';
import { parseLiveKitUrl } from '../../lib/livekit-url.ts';
import { requiredParameters } from './support/packaged.ts';

const target = { stage: 'prod', region: 'eu-central-1' };
const read = (parameters: Readonly<Record<string, string>>) =>
  readDeployment({ ...requiredParameters, ...parameters }, target);
const times = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => item(index));

function messageOf(refused: () => unknown): string {
  try {
    refused();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('It was not refused.');
}

const suffix = '-AbC123';
const secretArn = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:booky/livekit${suffix}`;
const certificate = 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
/** What one of two that belong together is given with. */
const companions: Record<string, Record<string, string>> = {
  domain: { certificate },
  certificate: { domain: 'meetings.booky.example' },
  'base-path': { domain: 'meetings.booky.example' },
  'default-endpoint': { domain: 'meetings.booky.example', certificate },
};

const cases = {
  issuer: {
    accepted: [
      'https://login.booky.example',
      'https://login.booky.example/',
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
      'https://login.booky.example:8443/realms/booky',
      'http://localhost:3001',
      'http://127.0.0.1:3001',
      'http://[::1]:3001',
    ],
    refused: [
      '',
      'login.booky.example',
      'http://login.booky.example',
      'http://localhost.booky.example',
      'ftp://login.booky.example',
      'https://',
      'https://login.booky.example?',
      'https://login.booky.example/?tenant=1',
      'https://login.booky.example/#top',
      'https://user:password@login.booky.example',
      ' https://login.booky.example',
      'https://login.booky.example/\n',
      'https://login.bücher.example',
    ],
  },
  audience: {
    accepted: [
      'web',
      'web,phone',
      'web, phone',
      'https://api.booky.example/',
      times(50, (index) => `a${index}`).join(),
    ],
    refused: ['', ',', 'web,', 'web,,phone', 'we b', times(51, (index) => `a${index}`).join()],
  },
  scopes: {
    accepted: ['openid', 'meetings/join,openid', 's'.repeat(64), times(10, (index) => `s${index}`).join()],
    refused: ['', 'open id', 'open"id', 'open\\id', 's'.repeat(65), times(11, (index) => `s${index}`).join()],
  },
  origins: {
    accepted: [
      'https://booky.example',
      'https://booky.example,http://localhost:5173',
      'https://booky.example:8443',
      'http://[::1]:5173',
      times(100, (index) => `https://b${index}.example`).join(),
    ],
    refused: [
      '',
      '*',
      'https://*',
      'https://*.booky.example',
      'https://booky.example,*',
      'https://booky.example/',
      'https://booky.example/app',
      'https://booky.example?',
      'https://booky.example:443',
      'https://Booky.example',
      'https://user@booky.example',
      'booky.example',
      '//booky.example',
      'null',
      'file://',
      'chrome-extension://abcdefgh',
      'https://booky.example,',
      times(101, (index) => `https://b${index}.example`).join(),
    ],
  },
  secret: {
    accepted: ['booky/livekit', 'a', 'Az09/_+=.@-', 'n'.repeat(512), secretArn],
    refused: [
      '',
      'booky livekit',
      'booky/*',
      'booky/livekit-??????',
      'n'.repeat(513),
      secretArn.slice(0, -suffix.length),
      secretArn.slice(0, -1),
      `${secretArn}:AWSCURRENT`,
      secretArn.replace('123456789012', '12345'),
      secretArn.replace('secretsmanager', 'ssm'),
      secretArn.replace('eu-central-1', 'eu-west-1'),
    ],
  },
  'livekit-url': {
    accepted: [
      'wss://booky.livekit.cloud',
      'https://booky.livekit.cloud/',
      'wss://booky.example:7443/livekit',
      'ws://localhost:7880',
      'http://127.0.0.1:7880',
    ],
    refused: [
      '',
      'booky.livekit.cloud',
      'ws://booky.livekit.cloud',
      'http://booky.livekit.cloud',
      'wss://booky.livekit.cloud/?key=1',
      'wss://booky.livekit.cloud/#top',
      'wss://key:secret@booky.livekit.cloud',
      'ftp://localhost',
    ],
  },
  'clubs-claim': claimCases(),
  'moderated-clubs-claim': claimCases(),
  'listeners-claim': claimCases(),
  'open-clubs': flagCases(),
  'create-secret': flagCases(),
  'default-endpoint': flagCases(),
  'identity-claim': claimCases(),
  'name-claim': claimCases(),
  'clubs-prefix': {
    accepted: ['club:', '/clubs/', 'c', 'c'.repeat(64)],
    refused: ['', 'a b', 'bücher', '[', ']', '{', '}', '"', ',', 'c'.repeat(65)],
  },
  'function-role': roleCases(),
  'check-role': roleCases(),
  'token-ttl-seconds': { accepted: ['120', '3600'], refused: ['', '119', '3601', '120.5'] },
  'check-minutes': { accepted: ['0', '60'], refused: ['', '-1', '61', 'never'] },
  'base-path': {
    accepted: ['meetings', 'booky/v1.0', 'a'.repeat(200)],
    refused: ['', '/', '/meetings', 'meetings/', 'a//b', 'a b', 'bücher', 'a?b', 'a'.repeat(201)],
  },
  tracing: flagCases(),
  'kms-key': {
    accepted: ['arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
    refused: [
      '',
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      'arn:aws:kms:eu-central-1:123456789012:alias/booky',
      'arn:aws:kms:eu-central-1:123456789012:key/*',
      'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    ],
  },
  'permissions-boundary': {
    accepted: ['arn:aws:iam::123456789012:policy/boundary', 'arn:aws:iam::aws:policy/PowerUserAccess'],
    refused: [
      '',
      'boundary',
      'arn:aws:iam::123456789012:role/boundary',
      'arn:aws:iam::123456789012:policy/',
      'arn:aws:iam::123456789012:policy/*',
    ],
  },
  'throttling-rate': {
    accepted: ['1', '10000'],
    refused: ['', '0', '10001', '-1', '1.5', '1e3', ' 5', 'many'],
  },
  'throttling-burst': { accepted: ['1', '5000'], refused: ['', '0', '5001', '-1', '1.5'] },
  'reserved-concurrency': { accepted: ['0', '10000'], refused: ['', '-1', '10001', '1.5'] },
  'log-level': { accepted: ['DEBUG', 'INFO', 'WARN', 'ERROR'], refused: ['', 'info', 'TRACE', 'FATAL'] },
  'log-retention-days': {
    accepted: ['1', '14', '90', '365'],
    refused: ['', '0', '2', '015', '366', 'forever'],
  },
  'alarms-topic': topicCases(),
  'notices-topic': topicCases(),
  domain: {
    accepted: ['meetings.booky.example', 'a.b', 'a-1.booky.xn--p1ai', `${'a'.repeat(63)}.example`],
    refused: [
      '',
      'booky',
      'Meetings.booky.example',
      '*.booky.example',
      'https://meetings.booky.example',
      'meetings.booky.example/',
      'meetings.booky.example.',
      '-meetings.booky.example',
      'meetings-.booky.example',
      'meetings.bücher.example',
      '127.0.0.1',
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(126)}aa`,
    ],
  },
  certificate: {
    accepted: [certificate],
    refused: [
      '',
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      certificate.replace('eu-central-1', 'us-east-1'),
      certificate.replace('acm', 'iam'),
      certificate.replace('123456789012', '12345'),
    ],
  },
} satisfies Record<string, { accepted: string[]; refused: string[] }>;

function claimCases() {
  return {
    accepted: ['cognito:groups', 'https://booky.example/clubs', 'c', 'c'.repeat(128)],
    refused: ['', 'reading clubs', 'bücher', 'c'.repeat(129), 'clubs\u0000'],
  };
}

function roleCases() {
  return {
    accepted: ['arn:aws:iam::123456789012:role/token', 'arn:aws:iam::123456789012:role/booky/token'],
    refused: [
      '',
      'token',
      'arn:aws:iam::123456789012:policy/token',
      'arn:aws:iam::123456789012:role/*',
      'arn:aws:iam::aws:role/token',
    ],
  };
}

function topicCases() {
  return {
    accepted: ['arn:aws:sns:eu-central-1:123456789012:on-call'],
    refused: [
      '',
      'on-call',
      'arn:aws:sns:eu-central-1:123456789012:on-call.fifo',
      'arn:aws:sns:eu-central-1:123456789012:*',
      'arn:aws:sns:eu-west-1:123456789012:on-call',
      'arn:aws:sqs:eu-central-1:123456789012:on-call',
    ],
  };
}

function flagCases() {
  return { accepted: ['true', 'false'], refused: ['', 'yes', '1', 'TRUE', ' true'] };
}

test('every parameter has its cases here', () => {
  const known = /should be one of (.*)\.$/.exec(messageOf(() => read({ unknown: '' })))?.[1];
  expect(known?.split(', ').toSorted()).toStrictEqual(Object.keys(cases).toSorted());
});

describe.each(Object.entries(cases))('%s', (name, { accepted, refused }) => {
  test.each(accepted)('may be %j', (text) => {
    expect(() => read({ ...companions[name], [name]: text })).not.toThrow();
  });

  test.each(refused)('may not be %j, and the message names it', (text) => {
    expect(() => read({ ...companions[name], [name]: text })).toThrow(
      new RegExp(`^The parameter '${name}' is [^\\n]*: it should be [^\\n]+\\.$`),
    );
  });
});

test.each(['issuer', 'audience', 'origins', 'clubs-claim'])(
  'an issuer that is not on loopback needs %s, and the message names it',
  (name) => {
    const { [name]: _, ...others } = Object(requiredParameters);
    expect(() => readDeployment(others, target)).toThrow(
      new RegExp(`^The parameter '${name}' is missing for stage 'prod': it should be [^\\n]+\\.$`),
    );
  },
);

test('every other parameter can be left out', () => {
  expect(readDeployment(requiredParameters, target)).toMatchObject({
    secret: 'booky/livekit',
    createSecret: false,
    openClubs: false,
    throttlingRate: 50,
    throttlingBurst: 100,
    tracing: false,
    logLevel: 'INFO',
    logRetentionDays: 90,
  });
});

test('with a loopback issuer all others have working defaults, and clubs are open', () => {
  const laptop = { issuer: 'http://localhost:3001' };
  expect(readDeployment(laptop, { ...target, stage: 'dev' })).toMatchObject({
    issuer: 'http://localhost:3001',
    audience: ['booky'],
    origins: ['http://localhost:3010', 'http://localhost:5173'],
    environment: { LIVEKIT_SECRET_ID: 'booky/livekit', LOG_LEVEL: 'DEBUG' },
    logLevel: 'DEBUG',
  });
});

test('every stage but production logs more, for a shorter time', () => {
  expect(readDeployment(requiredParameters, { ...target, stage: 'staging' })).toMatchObject({
    logLevel: 'DEBUG',
    logRetentionDays: 14,
  });
});

test('open-clubs=true accepts a stage without clubs-claim; false does not', () => {
  const { 'clubs-claim': _, ...others } = requiredParameters;
  expect(() => readDeployment({ ...others, 'open-clubs': 'true' }, target)).not.toThrow();
  expect(() => readDeployment({ ...others, 'open-clubs': 'false' }, target)).toThrow(
    /'clubs-claim'.*'open-clubs=true'/,
  );
});

test.each(['', 'url', 'claim', 'constructor', '__proto__'])('there is no parameter %j', (name) => {
  const given = Object.fromEntries([...Object.entries(requiredParameters), [name, 'x']]);
  expect(() => readDeployment(given, target)).toThrow(
    /^There is no parameter '[^']*': it should be one of issuer, /,
  );
});

test.each([
  ['isuer', 'issuer'],
  ['Issuer', 'issuer'],
  ['issuer ', 'issuer'],
  ['audiance', 'audience'],
  ['scope', 'scopes'],
  ['clubsclaim', 'clubs-claim'],
  ['CLUBS_CLAIM', 'clubs-claim'],
  ['listener-claim', 'listeners-claim'],
  ['alarm-topic', 'alarms-topic'],
  ['throtling-burst', 'throttling-burst'],
])('there is no parameter %j, which resembles %j', (name, resembled) => {
  expect(() => read({ [name]: 'x' })).toThrow(
    `There is no parameter '${name}': it should probably be '${resembled}'.`,
  );
});

test('a stage’s name is no longer than the names that it is a part of allow', () => {
  const deploy = (stage: string) => readDeployment(requiredParameters, { ...target, stage });
  const longest = `s${'1'.repeat(18)}`;
  expect(deploy(longest)).toMatchObject({ audience: ['web', 'phone'] });
  // The role of the pipeline, in the region with the longest name.
  expect(`booky-meeting-token-${longest}-ap-southeast-1-deployer`.length).toBeLessThanOrEqual(64);
  for (const stage of [`${longest}2`, 'my_stage', '1st', '']) {
    expect(() => deploy(stage)).toThrow(
      `The option '--stage' is ${JSON.stringify(stage)}: it should be a letter and at most 18 more letters, digits and hyphens.`,
    );
  }
});

test('a mistyped parameter is named as such, not as the one that is missing for it', () => {
  expect(() => readDeployment({ isuer: 'https://login.booky.example' }, target)).toThrow(
    "There is no parameter 'isuer': it should probably be 'issuer'.",
  );
  expect(() => read({ isuer: 'https://login.booky.example', origins: '*' })).toThrow(
    "There is no parameter 'isuer'",
  );
});

test('the documentation has every parameter, with its default', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, table = ''] = /^## Parameters$(.*?)^## /ms.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| (`.*?) \| (.*?) \|/gm)].map(([, names = '', defaults = '']) => ({
    names: [...names.matchAll(/`(.+?)`/g)].map(([, name]) => name),
    defaults,
  }));
  const documented = rows.flatMap(({ names }) => names);
  expect(documented.toSorted()).toStrictEqual(Object.keys(cases).toSorted());
  const defaultsOf = (name: string) => rows.find(({ names }) => names.includes(name))?.defaults;
  const { throttlingRate, throttlingBurst, logLevel, logRetentionDays, secret } = readDeployment(
    requiredParameters,
    target,
  );
  expect(defaultsOf('throttling-rate')).toBe(`${throttlingRate}, ${throttlingBurst}`);
  expect(defaultsOf('log-level')).toBe(`\`${logLevel}\` on \`prod\`, else \`DEBUG\``);
  expect(defaultsOf('log-retention-days')).toBe(`${logRetentionDays} on \`prod\`, else 14`);
  expect(defaultsOf('secret')).toBe(`\`${secret}\``);
  for (const name of ['issuer', 'audience', 'origins']) expect(defaultsOf(name)).toBe('required');
});

test('a secret to be created needs a name, which an ARN is not', () => {
  expect(() => read({ 'create-secret': 'true', secret: secretArn })).toThrow(
    /^The parameter 'secret' is an ARN/,
  );
});

const domain = 'meetings.booky.example';

test.each([
  [{ domain }, "'certificate' is missing: it should be given where 'domain' is, unless 'base-path'"],
  [{ certificate }, "'domain' is missing: it should be given where 'certificate' is."],
  [{ 'base-path': 'meetings' }, "'domain' is missing: it should be given where 'base-path' is."],
  [
    { 'default-endpoint': 'false' },
    "'domain' is missing: it should be given where 'default-endpoint=false' is.",
  ],
])('%j is not enough', (parameters, message) => {
  expect(() => read(parameters)).toThrow(`The parameter ${message}`);
});

test.each(['dev', 'test', 'prod'])('stage %s is not what makes a laptop', (stage) => {
  const { issuer, audience, origins } = requiredParameters;
  expect(() => readDeployment({ issuer, audience, origins }, { ...target, stage })).toThrow(
    "'clubs-claim' is missing",
  );
});

test('the function gets what it would take by itself', () => {
  const { environment } = read({});
  const secretAlone = { LIVEKIT_SECRET_ID: environment['LIVEKIT_SECRET_ID'], CLUBS_CLAIM: 'cognito:groups' };
  expect(parseConfig(environment)).toStrictEqual(parseConfig(secretAlone));
});

test('lists are split, trimmed, and say each thing once', () => {
  expect(read({ audience: 'web, phone,web' }).audience).toStrictEqual(['web', 'phone']);
});

test('a LiveKit URL is one for the function exactly when it is one for a deployment', () => {
  const { accepted, refused } = cases['livekit-url'];
  for (const url of accepted) expect(parseLiveKitUrl(url), url).toBeDefined();
  for (const url of refused) expect(parseLiveKitUrl(url), url).toBeUndefined();
});
