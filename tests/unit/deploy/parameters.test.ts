/** The deployment's parameters, one by one: just inside and just outside of each rule. */
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { deployment, noStage, parameterOf, readDeployment } from '../../../deploy/parameters.cjs';
import { claimVariableOf, parseConfig, parseLogging } from '../../../lib/config.ts';
import { roles } from '../../../lib/contract.ts';
import { isLoopbackHost } from '../../../lib/livekit-url.ts';
import * as liveKitUrls from '../../support/livekit-urls.ts';

const required = {
  issuer: 'https://login.booky.example/',
  audience: 'web,phone',
  origins: 'https://booky.example',
  'clubs-claim': 'groups',
};
const target = { stage: 'prod', region: 'eu-central-1' };
const read = (parameters: Readonly<Record<string, string | undefined>>) =>
  readDeployment({ ...required, ...parameters }, target);
const times = (count: number, item: string) =>
  Array.from({ length: count }, (_, index) => item.replace('N', String(index))).join();

function messageOf(refused: () => unknown): string {
  try {
    refused();
  } catch (error) {
    return Object(error).message;
  }
  throw new Error('It was not refused.');
}

const suffix = '-AbC123';
const secretArn = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:booky/livekit${suffix}`;
const certificate = 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
const domain = 'meetings.booky.example';
/** What one of two that belong together is given with, or without. */
const companions: Record<string, Record<string, string | undefined>> = {
  domain: { certificate },
  certificate: { domain },
  'base-path': { domain },
  'default-endpoint': { domain, certificate },
  'open-clubs': { issuer: 'http://localhost:3001', 'clubs-claim': undefined },
};

const claims = {
  accepted: ['cognito:groups', 'https://booky.example/clubs', 'c', 'c'.repeat(128)],
  refused: ['', 'reading clubs', 'bücher', 'c'.repeat(129), 'clubs\u0000'],
};
const flags = { accepted: ['true', 'false'], refused: ['', 'yes', '1', 'TRUE', ' true'] };
const roleArns = {
  accepted: ['arn:aws:iam::123456789012:role/token', 'arn:aws:iam::123456789012:role/booky/token'],
  refused: ['', 'token', 'arn:aws:iam::123456789012:policy/token', 'arn:aws:iam::123456789012:role/*'],
};
const topic = 'arn:aws:sns:eu-central-1:123456789012:on-call';
const topics = { accepted: [topic], refused: ['', 'on-call', `${topic}.fifo`, topic.replace('sns', 'sqs')] };
const key = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

const cases: Record<string, { accepted: string[]; refused: string[] }> = {
  issuer: {
    accepted: [
      'https://login.booky.example',
      'https://login.booky.example:8443/realms/booky/',
      'http://localhost:3001',
      'http://127.0.0.1:3001',
      'http://[::1]:3001',
    ],
    refused: [
      '',
      'login.booky.example',
      'http://login.booky.example',
      'http://localhost.booky.example',
      'https://login.booky.example?',
      'https://login.booky.example/#top',
      'https://user:password@login.booky.example',
      'https://login.booky.example/\n',
      'https://login.bücher.example',
    ],
  },
  audience: {
    accepted: ['web', 'web, phone', 'https://api.booky.example/', times(50, 'aN')],
    refused: ['', ',', 'web,', 'web,,phone', 'we b', times(51, 'aN')],
  },
  scopes: {
    accepted: ['openid', 'meetings/join,openid', 's'.repeat(64), times(10, 'sN')],
    refused: ['', 'open id', 'open"id', 'open\\id', 's'.repeat(65), times(11, 'sN')],
  },
  origins: {
    accepted: [
      'https://booky.example:8443,http://localhost:5173',
      'http://[::1]:5173',
      times(100, 'https://bN.example'),
    ],
    refused: [
      '',
      '*',
      'https://*.booky.example',
      'https://booky.example,',
      'https://booky.example/',
      'https://booky.example:443',
      'https://Booky.example',
      'booky.example',
      'capacitor://localhost',
      times(101, 'https://bN.example'),
    ],
  },
  secret: {
    accepted: ['booky/livekit', 'a', 'Az09/_+=.@-', 'n'.repeat(512), secretArn],
    refused: [
      '',
      'booky livekit',
      'booky/*',
      'n'.repeat(513),
      secretArn.slice(0, -suffix.length),
      secretArn.slice(0, -1),
      `${secretArn}:AWSCURRENT`,
      secretArn.replace('secretsmanager', 'ssm'),
    ],
  },
  'livekit-url': { accepted: liveKitUrls.accepted.map(([url]) => url), refused: liveKitUrls.refused },
  'clubs-claim': claims,
  'moderated-clubs-claim': claims,
  'listeners-claim': claims,
  'identity-claim': claims,
  'name-claim': claims,
  'clubs-prefix': {
    accepted: ['club:', '/clubs/', 'c'.repeat(64)],
    refused: ['', 'a b', 'bücher', '[', ']', '{', '}', '"', 'a,b', 'c'.repeat(65)],
  },
  'open-clubs': flags,
  'create-secret': flags,
  'default-endpoint': flags,
  tracing: flags,
  'function-role': roleArns,
  'check-role': roleArns,
  'permissions-boundary': {
    accepted: ['arn:aws:iam::123456789012:policy/boundary', 'arn:aws:iam::aws:policy/PowerUserAccess'],
    refused: ['', 'boundary', 'arn:aws:iam::123456789012:role/boundary', 'arn:aws:iam::aws:policy/*'],
  },
  'kms-key': {
    accepted: [key],
    refused: [
      '',
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      key.replace(/key.*/, 'alias/booky'),
      key.replace(/key.*/, 'key/*'),
      key.replace('123456789012', '12345'),
      key.replace('eu-central-1', 'eu-west-1'),
    ],
  },
  'token-ttl-seconds': { accepted: ['120', '3600'], refused: ['', '119', '3601', '120.5'] },
  'throttling-rate': { accepted: ['1', '10000'], refused: ['', '0', '10001', '-1', '1e3', ' 5', 'many'] },
  'throttling-burst': { accepted: ['1', '5000'], refused: ['0', '5001'] },
  'reserved-concurrency': { accepted: ['0', '10000'], refused: ['-1', '10001'] },
  'check-minutes': { accepted: ['0', '60'], refused: ['-1', '61'] },
  'log-level': { accepted: ['DEBUG', 'INFO', 'WARN', 'ERROR'], refused: ['', 'info', 'TRACE', 'INFOS'] },
  'log-retention-days': { accepted: ['1', '14', '365'], refused: ['', '0', '2', '015', '366'] },
  'alarms-topic': topics,
  'notices-topic': topics,
  domain: {
    accepted: [domain, 'a.b', 'a-1.booky.xn--p1ai', `${'a'.repeat(63)}.example`, `${'a.'.repeat(126)}a`],
    refused: [
      '',
      'booky',
      'Meetings.booky.example',
      '*.booky.example',
      'meetings.booky.example.',
      '-meetings.booky.example',
      'meetings-.booky.example',
      '127.0.0.1',
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(126)}aa`,
    ],
  },
  certificate: { accepted: [certificate], refused: ['', certificate.replace('acm', 'iam')] },
  'base-path': {
    accepted: ['meetings', 'booky/v1.0', 'a'.repeat(200)],
    refused: ['', '/meetings', 'meetings/', 'a//b', 'a b', 'bücher', 'a?b', 'a'.repeat(201)],
  },
};

describe.each(Object.entries(cases))('%s', (name, { accepted, refused }) => {
  test('is accepted, just inside of its rule', () => {
    for (const text of accepted) {
      expect(() => read({ ...companions[name], [name]: text }), text).not.toThrow();
    }
  });

  test('is refused just outside, and the message names it', () => {
    const message = new RegExp(`^The parameter '${name}' is [^\\n]*: it should be [^\\n]+\\.$`);
    for (const text of refused) {
      expect(() => read({ ...companions[name], [name]: text }), text).toThrow(message);
    }
  });
});

test('loopback means the same to the function', () => {
  const hosts = ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '[::2]', '10.0.0.1', 'localhost.example'];
  for (const host of hosts) {
    expect(read({ issuer: `https://${host}` }).isLaptop, host).toBe(isLoopbackHost(host));
  }
});

test.each(Object.keys(required))('an issuer that is not on loopback needs %s', (missing) => {
  const given = Object.fromEntries(Object.entries(required).filter(([name]) => name !== missing));
  for (const stage of ['prod', 'dev']) {
    expect(() => readDeployment(given, { ...target, stage })).toThrow(
      new RegExp(`^The parameter '${missing}' is missing for stage '${stage}': it should be [^\\n]+\\.$`),
    );
  }
});

test('open-clubs=true accepts a stage without clubs-claim; false does not', () => {
  const { 'clubs-claim': _, ...others } = required;
  expect(() => readDeployment({ ...others, 'open-clubs': 'true' }, target)).not.toThrow();
  expect(() => readDeployment({ ...others, 'open-clubs': 'false' }, target)).toThrow(/'open-clubs=true'/);
});

test('with a loopback issuer all others have working defaults, and clubs are open', () => {
  const laptop = { issuer: 'http://localhost:3001' };
  expect(readDeployment(laptop, { ...target, stage: 'dev' })).toMatchObject({
    isLaptop: true,
    audience: ['booky'],
    origins: ['http://localhost:3010', 'http://localhost:5173'],
    environment: { LIVEKIT_SECRET_ID: 'booky/livekit', LOG_LEVEL: 'DEBUG' },
  });
});

test('the function gets what it would take by itself', () => {
  const { environment } = read({});
  const secretAlone = { LIVEKIT_SECRET_ID: environment['LIVEKIT_SECRET_ID'], CLUBS_CLAIM: 'groups' };
  expect(parseConfig(environment)).toStrictEqual(parseConfig(secretAlone));
});

test('lists are split, trimmed, and say each thing once', () => {
  expect(read({ audience: 'web, phone,web' }).audience).toStrictEqual(['web', 'phone']);
});

test('docs/operations.md has every parameter, with its default, and the cases here are of every one', async () => {
  const page = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [, table = ''] = /^## Parameters$(.*?)^## /ms.exec(page) ?? [];
  const defaults = new Map(
    [...table.matchAll(/^\| (`.*?) \| (.*?) \|/gm)].flatMap(([, names = '', text = '']) =>
      [...names.matchAll(/`(.+?)`/g)].map(([, name]) => [name, text]),
    ),
  );
  const [, known = ''] = /one of (.*)\.$/.exec(messageOf(() => read({ unknown: '' }))) ?? [];
  const all = known.split(', ').toSorted();
  expect(Object.keys(cases).toSorted()).toStrictEqual(all);
  expect([...defaults.keys()].toSorted()).toStrictEqual(all);

  const { throttlingRate, throttlingBurst, logLevel, logRetentionDays, secret } = read({});
  const other = readDeployment(required, { ...target, stage: 'staging' });
  expect(Object.fromEntries(defaults)).toMatchObject({
    'throttling-rate': `${throttlingRate}, ${throttlingBurst}`,
    'log-level': `\`${logLevel}\` on \`prod\`, else \`${other.logLevel}\``,
    'log-retention-days': `${logRetentionDays} on \`prod\`, else ${other.logRetentionDays}`,
    secret: `\`${secret}\``,
    ...Object.fromEntries(['issuer', 'audience', 'origins'].map((name) => [name, 'required'])),
  });
});

test.each(['', 'url', 'claim', 'constructor', '__proto__'])('there is no parameter %j', (name) => {
  const given = Object.fromEntries([...Object.entries(required), [name, 'x']]);
  expect(() => readDeployment(given, target)).toThrow(
    /^There is no parameter '[^']*': it should be one of issuer, /,
  );
});

test.each([
  ['isuer', 'issuer'],
  ['issuer ', 'issuer'],
  ['scope', 'scopes'],
  ['clubsclaim', 'clubs-claim'],
  ['CLUBS_CLAIM', 'clubs-claim'],
  ['alarm-topic', 'alarms-topic'],
])('%j is named, before what is missing or wrong for it, with %j, which it resembles', (name, resembled) => {
  expect(() => readDeployment({ [name]: 'x', origins: '*' }, target)).toThrow(
    `There is no parameter '${name}': it should probably be '${resembled}'.`,
  );
});

test('a stage’s name is no longer than the names that it is a part of allow', () => {
  const longest = `s${'1'.repeat(31)}`;
  expect(readDeployment(required, { ...target, stage: longest }).isLaptop).toBe(false);
  expect(`booky-meeting-token-${longest}-token-check`).toHaveLength(64);
  for (const stage of [`${longest}2`, 'my_stage', '1st', '']) {
    expect(() => readDeployment(required, { ...target, stage })).toThrow(
      `The option '--stage' is ${JSON.stringify(stage)}: it should be a letter and at most 31 more letters, digits and hyphens.`,
    );
  }
});

test.each([
  [{ domain }, "'certificate' is missing: it should be given where 'domain' is, unless 'base-path'"],
  [{ certificate }, "'domain' is missing: it should be given where 'certificate' is."],
  [{ 'base-path': 'meetings' }, "'domain' is missing: it should be given where 'base-path' is."],
  [
    { 'default-endpoint': 'false' },
    "'domain' is missing: it should be given where 'default-endpoint=false' is.",
  ],
  [{ 'create-secret': 'true', secret: secretArn }, "'secret' is an ARN: it should be a name where"],
  [{ 'open-clubs': 'true' }, "'open-clubs' is true: it should be left out where 'clubs-claim' is given."],
])('%j do not go together', (parameters, message) => {
  expect(() => read(parameters)).toThrow(`The parameter ${message}`);
});

describe('the claim of a role', () => {
  const ofRole = Object.fromEntries(roles.map((role) => [role, parameterOf[claimVariableOf[role]] ?? '']));
  const claimOf = (role: string, name: string) => ({ [ofRole[role] ?? '']: name });

  test('is a parameter, which docs/membership.md has beside the role', async () => {
    const page = await readFile(new URL('../../../docs/membership.md', import.meta.url), 'utf8');
    const rows = page.matchAll(/^\| `([a-z-]+)` \|.*\| `([a-z-]+)` \|$/gm);
    expect(Object.fromEntries(Array.from(rows, ([, name, role]) => [role, name]))).toEqual(ofRole);
    expect(page).toContain(`gets the first of ${roles.join(', ')}.`);
  });

  test('is no other role’s; roles that have none do not repeat each other', () => {
    const others = Object.assign({}, ...roles.map((role) => claimOf(role, role)));
    expect(() => read(others)).not.toThrow();
    expect(() => read({ 'clubs-claim': undefined, 'open-clubs': 'true' })).not.toThrow();
    for (const role of roles) {
      for (const other of roles.filter((candidate) => candidate !== role)) {
        expect(() => read({ ...others, ...claimOf(role, other) })).toThrow(
          /^The parameter '[a-z-]+' is "[a-z-]+": it should be another claim than '[a-z-]+'\.$/,
        );
      }
    }
  });
});

test.each(Object.entries(parameterOf))('the function reads %s, which %s sets', (variable, name) => {
  const value = cases[name]?.accepted.at(-1) ?? expect.fail(`There are no cases of ${name}.`);
  const { environment } = read({ ...companions[name], [name]: value });
  expect(environment[variable]).toBe(value);
  const configured = (changes: object) => {
    const changed = { ...environment, ...changes };
    return [parseConfig(changed), parseLogging(changed)];
  };
  expect(configured({})).not.toEqual(configured({ [variable]: read(required).environment[variable] }));
});

describe('the command', () => {
  const { argv } = process;
  afterEach(() => {
    process.argv = argv;
  });

  /** As the CLI calls it for these arguments and this block under `params:` of serverless.yml. */
  const run = (args: string[], blocks: Record<string, unknown> = {}) => {
    process.argv = ['node', 'serverless', ...args];
    return deployment({
      resolveVariable: async (variable) => (variable === 'sls:stage' ? 'prod' : 'eu-central-1'),
      resolveConfigurationProperty: async ([, name = '']) => blocks[name],
    });
  };
  const given = Object.entries(required).map(([name, text]) => `--param=${name}=${text}`);

  test('takes the stage’s block, then the command line; a list as a list, and lines as they are meant', async () => {
    const blocks = {
      default: { scopes: 'openid', 'log-retention-days': 30, tracing: null },
      prod: { audience: ['pad', 'tv'], scopes: ['join', 'openid'], 'create-secret': true },
    };
    const lines = [
      '--param',
      'secret=team/livekit\r',
      '--param=origins=https://a.example,\nhttps://b.example\n',
    ];
    const args = ['deploy', ...given.filter((arg) => !arg.includes('origins')), ...lines];
    expect(await run(args, blocks)).toMatchObject({
      audience: ['web', 'phone'],
      origins: ['https://a.example', 'https://b.example'],
      scopes: ['join', 'openid'],
      createSecret: true,
      logRetentionDays: 30,
      tracing: false,
      secret: 'team/livekit',
    });
  });

  test.each([
    [['deploy', '--param='], 'The parameter "" can\'t be read'],
    [['deploy', '--param=issuer'], 'The parameter "issuer" can\'t be read'],
    [['deploy', ...given, '--param=issuer=x'], "The parameter 'issuer' is given twice"],
    [['deploy', '--param', 'issuer'], 'The parameter "issuer" can\'t be read'],
    [
      ['deploy', ...given, '--param=scopes=a\nb'],
      `The parameter 'scopes' is "a\\nb": it should be one to 10`,
    ],
    [['deploy', 'function', ...given], "The command 'serverless deploy function' can't be used: run 'serv"],
    [['invoke', 'local', ...given], "The command 'serverless invoke local' can't be used: run 'npm start'"],
    [['deploy', '--param=issuer=http://localhost:3001'], "The parameter 'issuer' is on loopback"],
  ])('%j is refused in one sentence, without a stack', async (args, message) => {
    const error: unknown = await run(args).catch((refusal) => refusal);
    const { message: text, stack } = Object(error);
    expect(text).toMatch(/^[^\n]+\.$/);
    expect(text).toContain(message);
    expect(stack).toBe(text);
  });

  test('refuses a block that has no values, and a stage that is missing', async () => {
    await expect(run(given, { prod: { scopes: { a: 1 } } })).rejects.toThrow("'scopes' of serverless.yml");
    expect(noStage).toThrow("The option '--stage' is missing");
  });

  test('may package what is on loopback', async () => {
    expect(await run(['package', '--param=issuer=http://localhost:3001'])).toMatchObject({ isLaptop: true });
  });
});
