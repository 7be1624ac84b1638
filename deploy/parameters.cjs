// @ts-check
/**
 * The deployment's parameters: `serverless deploy --stage prod --param="issuer=https://…"`, or the stage's block under `params:` of
 * serverless.yml. Each is read and checked before anything is packaged. The error for a faulty one is one sentence that names it
 * and says what it should be. Unknown names are refused first: otherwise a mistyped parameter would silently get its default.
 */
const process = require('node:process');
const { closest, distance } = require('fastest-levenshtein');
const v = require('valibot');

/**
 * A stage's name is a part of others, of at most 64 characters: the longest that AWS does not shorten is that of the check's
 * schedule (deploy/resources.cjs).
 */
const stagePattern = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;

/** The stage for production: it writes fewer logs and keeps them longer. */
const productionStage = 'prod';

/**
 * One parameter.
 *
 * @typedef {object} Parameter
 * @property {string} rule what its text should be; follows "it should be"
 * @property {v.GenericSchema<string, unknown>} schema reads the text
 * @property {true} [isRequired] on a laptop it has a default all the same
 * @property {string} [byDefault]
 * @property {string} [onLaptop] the default with a loopback issuer
 * @property {string} [inProduction] the default of the stage for production
 * @property {string} [variable] the function's environment variable that it sets
 * @property {boolean} [isOfRole] whether it names a claim of one role
 */

/** Visible ASCII: logs and environment variables show these characters unchanged. */
const visible = /^[\x21-\x7e]+$/;

/** Without user info, which would be visible in the template. */
const readUrl = (/** @type {string} */ text) => {
  const url = visible.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url?.username || url?.password ? undefined : url;
};

const isLoopback = (/** @type {string} */ text) =>
  /^(localhost|\[::1\]|127(\.\d+){3})$/.test(readUrl(text)?.hostname ?? '');

const isOrigin = (/** @type {string} */ text) => {
  const { protocol = '', origin } = readUrl(text) ?? {};
  // API Gateway documents these two schemes only.
  return /^https?:$/.test(protocol) && origin === text && !text.includes('*');
};

/** @type {(rule: string, isRight: (given: string) => boolean) => { rule: string, schema: v.GenericSchema<string> }} */
const text = (rule, isRight) => ({ rule, schema: v.pipe(v.string(), v.check(isRight)) });

const textLike = (/** @type {string} */ rule, /** @type {RegExp[]} */ ...patterns) =>
  text(rule, (given) => patterns.some((pattern) => pattern.test(given)));

/** Without query and fragment; its scheme is `encrypted`, or `plain` on loopback. */
const baseUrl = (/** @type {string} */ rule, /** @type {RegExp} */ encrypted, /** @type {RegExp} */ plain) =>
  text(rule, (given) => {
    const { protocol = '' } = readUrl(given) ?? {};
    return !/[?#]/.test(given) && (encrypted.test(protocol) || (plain.test(protocol) && isLoopback(given)));
  });

/** @param {string} rule @param {number} most @param {(item: string) => boolean} isItem */
const listOf = (rule, most, isItem) => ({
  rule,
  schema: v.pipe(
    v.string(),
    v.transform((given) => [...new Set(given.split(',').map((item) => item.trim()))]),
    v.maxLength(most),
    v.everyItem(isItem),
  ),
});

const flag = {
  rule: 'true or false',
  schema: v.pipe(
    v.picklist(['true', 'false']),
    v.transform((given) => given === 'true'),
  ),
};

/** @param {string} unit @param {number} min @param {number} max */
const wholeNumber = (unit, min, max) => ({
  rule: `a whole number of ${unit} from ${min} to ${max}`,
  schema: v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number), v.minValue(min), v.maxValue(max)),
});

const claim = textLike(
  "a claim's name, 1 to 128 visible ASCII characters such as cognito:groups",
  /^[\x21-\x7e]{1,128}$/,
);

/** A claim that lists the clubs in which a reader has a role. */
const claimOfRole = (/** @type {string} */ variable) => ({ ...claim, variable, isOfRole: true });

/** An ARN of a service that has regions. @type {(service: string, resource: string) => RegExp} */
const arn = (service, resource) => new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}$`);

// CloudWatch can't send to a FIFO topic.
const topic = textLike('the ARN of an SNS topic (not FIFO)', arn('sns', '[A-Za-z0-9_-]{1,256}'));
const role = textLike(
  'the ARN of a role of IAM',
  /^arn:aws[a-z-]*:iam::\d{12}:role\/[A-Za-z0-9/_+=,.@-]{1,576}$/,
);

/** Secrets Manager adds a hyphen and six characters to the name. */
const secretArn = arn('secretsmanager', 'secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}');

/** In days: the retentions that CloudWatch Logs offers, up to a year. */
const retentions = ['1', '3', '5', '7', '14', '30', '60', '90', '120', '150', '180', '365'];

/** Every parameter, by its name in camel case. */
const parameters = /** @satisfies {Record<string, Parameter>} */ ({
  issuer: {
    ...baseUrl(
      "the JWT issuer exactly as the claim 'iss' has it, an https:// URL (http:// on loopback only) without query and fragment",
      /^https:$/,
      /^http:$/,
    ),
    isRequired: true,
  },
  audience: {
    // 50 is API Gateway's quota for an authorizer.
    ...listOf('one to 50 audiences (client ids) separated by commas', 50, (item) => visible.test(item)),
    isRequired: true,
    onLaptop: 'booky',
  },
  // 10 is API Gateway's quota for a route; the characters are those of RFC 6749, section 3.3.
  scopes: listOf('one to 10 scopes of at most 64 characters each, separated by commas', 10, (item) =>
    /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(item),
  ),
  origins: {
    ...listOf(
      "one to 100 web origins such as https://booky.example separated by commas, each with http:// or https:// and as browsers send it: no path, no '/' at the end, no '*'",
      100,
      isOrigin,
    ),
    isRequired: true,
    onLaptop: 'http://localhost:3010,http://localhost:5173',
  },
  secret: {
    ...textLike(
      'the name of a secret, or the full ARN of one (with the hyphen and six characters at its end)',
      /^[A-Za-z0-9/_+=.@-]{1,512}$/,
      secretArn,
    ),
    byDefault: 'booky/livekit',
    variable: 'LIVEKIT_SECRET_ID',
  },
  /** Whether the stack creates the secret, empty. By default the team has created one already. */
  createSecret: { ...flag, byDefault: 'false' },
  /** The customer's key that the secret is encrypted with. AWS's own key for Secrets Manager needs no permission. */
  kmsKey: textLike('the ARN of a KMS key (not of an alias)', arn('kms', 'key/[A-Za-z0-9-]{1,128}')),
  /** The limit of the roles that the stack creates. */
  permissionsBoundary: textLike(
    'the ARN of a managed policy of IAM',
    /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[A-Za-z0-9/_+=,.@-]{1,512}$/,
  ),
  /** Ready roles, for someone who may not create any. */
  functionRole: role,
  checkRole: role,
  livekitUrl: {
    // As lib/livekit-url.ts has it: a test compares the two.
    ...baseUrl(
      'a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path',
      /^(wss|https):$/,
      /^(ws|http):$/,
    ),
    variable: 'LIVEKIT_WS_URL',
  },
  tokenTtlSeconds: { ...wholeNumber('seconds', 120, 3600), byDefault: '600', variable: 'TOKEN_TTL_SECONDS' },
  identityClaim: { ...claim, byDefault: 'sub', variable: 'IDENTITY_CLAIM' },
  nameClaim: { ...claim, byDefault: 'name', variable: 'NAME_CLAIM' },
  clubsClaim: claimOfRole('CLUBS_CLAIM'),
  moderatedClubsClaim: claimOfRole('MODERATED_CLUBS_CLAIM'),
  listenersClaim: claimOfRole('LISTENERS_CLAIM'),
  clubsPrefix: {
    ...textLike(
      `1 to 64 visible ASCII characters but not any of [ ] { } " , such as club: or /clubs/`,
      /^(?!.*[[\]{}",])[\x21-\x7e]{1,64}$/,
    ),
    variable: 'CLUBS_PREFIX',
  },
  openClubs: { ...flag, byDefault: 'false' },
  /**
   * With 50 a second, a hundred clubs of 30 readers join in a minute. It also limits what a faulty client can cost. The bounds are
   * an account's default quotas, which no stage can exceed.
   */
  throttlingRate: { ...wholeNumber('requests a second', 1, 10_000), byDefault: '50' },
  /** Twice the rate: many readers join at the same time, on the hour. */
  throttlingBurst: { ...wholeNumber('requests at once', 1, 5_000), byDefault: '100' },
  /** Unset, the function shares the account's quota with all others. 0 switches the endpoint off. */
  reservedConcurrency: wholeNumber('requests at a time', 0, 10_000),
  logLevel: {
    ...textLike('DEBUG, INFO, WARN or ERROR', /^(DEBUG|INFO|WARN|ERROR)$/),
    byDefault: 'DEBUG',
    inProduction: 'INFO',
    variable: 'LOG_LEVEL',
  },
  logRetentionDays: {
    rule: `one of ${retentions.join(', ')}`,
    schema: v.pipe(v.picklist(retentions), v.transform(Number)),
    byDefault: '14',
    inProduction: '90',
  },
  tracing: { ...flag, byDefault: 'false' },
  /** Receives the urgent alarms. Unset, alarms only change their state. */
  alarmsTopic: topic,
  /** Receives alarms that can wait until the next working day; unset, `alarms-topic` does. */
  noticesTopic: topic,
  /** How often the deployment is checked; 0: never. */
  checkMinutes: { ...wholeNumber('minutes', 0, 60), byDefault: '5' },
  domain: textLike(
    'a domain name in lower case such as meetings.booky.example, without scheme, path or wildcard',
    /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  ),
  certificate: textLike('the ARN of a certificate in ACM', arn('acm', 'certificate/[A-Za-z0-9-]{1,128}')),
  basePath: textLike(
    "a path such as meetings or booky/meetings: at most 200 letters, digits, '.', '_', '-' and '/', and no '/' at either end",
    /^(?=.{1,200}$)[\w.-]+(\/[\w.-]+)*$/,
  ),
  /** Whether the URL that AWS gives to the API works. */
  defaultEndpoint: { ...flag, byDefault: 'true' },
});

/**
 * @typedef {typeof parameters} Parameters
 * @typedef {{ isRequired: true } | { byDefault: string }} Present
 * @typedef {{ [Key in keyof Parameters]:
 *   v.InferOutput<Parameters[Key]['schema']> | (Parameters[Key] extends Present ? never : undefined) }} Values
 */

/** Each with its name as it is written on the command line: `clubs-claim` for `clubsClaim`. */
const entries = Object.entries(/** @type {Record<string, Parameter>} */ (parameters)).map(
  ([key, parameter]) => ({
    ...parameter,
    key,
    name: key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  }),
);

/** The names of the parameters that set a variable of the function, by the variable. */
const parameterOf = Object.fromEntries(
  entries.flatMap(({ name, variable }) => (variable === undefined ? [] : [[variable, name]])),
);

/**
 * Ends the command. The CLI prints an error's stack if there is one; the message is enough.
 *
 * @type {(message: string) => never}
 */
const refuse = (message) => {
  throw Object.assign(new Error(message), { stack: message });
};

/**
 * @param {readonly string[]} given the names of the parameters
 * @throws {Error} at the first unknown name, with the known one that it resembles.
 */
function refuseUnknown(given) {
  const known = entries.map(({ name }) => name);
  for (const name of given) {
    if (known.includes(name)) continue;
    // The variables of `npm start` are written like CLUBS_CLAIM.
    const typed = name.toLowerCase();
    const nearest = closest(typed, known);
    const resembles = distance(typed, nearest) <= typed.length / 3;
    const rule = resembles ? `probably be '${nearest}'` : `be one of ${known.join(', ')}`;
    refuse(`There is no parameter '${name}': it should ${rule}.`);
  }
}

/**
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {{ stage: string, region: string, isLaptop: boolean }} target
 * @throws {Error} at the first parameter that is missing or wrong.
 */
function readEach(given, { stage, region, isLaptop }) {
  const values = entries.map(({ key, name, rule, schema, isRequired, ...defaults }) => {
    const value =
      given[name] ??
      (isLaptop ? defaults.onLaptop : undefined) ??
      (stage === productionStage ? defaults.inProduction : undefined) ??
      defaults.byDefault;
    if (value === undefined) {
      if (!isRequired) return [key, undefined];
      return refuse(
        `The parameter '${name}' is missing for stage '${stage}': it should be ${rule} (--param="${name}=...").`,
      );
    }
    const read = v.safeParse(schema, value);
    if (!read.success) {
      refuse(`The parameter '${name}' is ${JSON.stringify(value)}: it should be ${rule}.`);
    }
    // Those of IAM have no region.
    const [scheme, , , itsRegion] = value.split(':');
    if (scheme === 'arn' && itsRegion && itsRegion !== region) {
      refuse(
        `The parameter '${name}' is in ${itsRegion}: it should be in ${region}, the region deployed to (--region).`,
      );
    }
    return [key, read.output];
  });
  return /** @type {Values} */ (Object.fromEntries(values));
}

/**
 * Checks rules that concern several parameters, or a parameter and the target.
 *
 * @param {Values} values
 * @param {{ stage: string, isLaptop: boolean }} target
 */
function checkTogether(values, { stage, isLaptop }) {
  const { domain, certificate, basePath, defaultEndpoint, secret, createSecret } = values;
  const { clubsClaim, openClubs } = values;
  /** @typedef {[isWrong: boolean, message: string]} Rule */
  const hasDomain = domain !== undefined;
  const domainMissing = "'domain' is missing: it should be given where";
  /** @type {Rule[]} */
  const rules = [
    [!hasDomain && certificate !== undefined, `${domainMissing} 'certificate' is.`],
    [!hasDomain && basePath !== undefined, `${domainMissing} 'base-path' is.`],
    [!hasDomain && !defaultEndpoint, `${domainMissing} 'default-endpoint=false' is.`],
    [
      hasDomain && certificate === undefined && basePath === undefined,
      "'certificate' is missing: it should be given where 'domain' is, unless 'base-path' names a path on a domain that API Gateway has already.",
    ],
    [
      createSecret && secretArn.test(secret),
      "'secret' is an ARN: it should be a name where 'create-secret' is true.",
    ],
    [
      !isLaptop && clubsClaim === undefined && !openClubs,
      `'clubs-claim' is missing for stage '${stage}': it should be the claim that lists a reader's clubs, unless 'open-clubs=true' accepts that every signed-in reader may enter every club.`,
    ],
    [
      clubsClaim !== undefined && openClubs,
      "'open-clubs' is true: it should be left out where 'clubs-claim' is given.",
    ],
  ];
  for (const [isWrong, message] of rules) if (isWrong) refuse(`The parameter ${message}`);

  // One claim for two roles would make every member a moderator, or every reader a listener.
  const nameOf = new Map();
  const byKey = new Map(Object.entries(values));
  for (const { key, name } of entries.filter(({ isOfRole }) => isOfRole)) {
    const claim = byKey.get(key);
    const other = claim && nameOf.get(claim);
    if (other) refuse(`The parameter '${name}' is "${claim}": it should be another claim than '${other}'.`);
    nameOf.set(claim, name);
  }
}

/**
 * All values that serverless.yml and its resources use.
 *
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {{ stage: string, region: string }} target
 * @throws {Error} at the first fault, in one sentence.
 */
function readDeployment(given, { stage, region }) {
  if (!stagePattern.test(stage)) {
    refuse(
      `The option '--stage' is ${JSON.stringify(stage)}: it should be a letter and at most 31 more letters, digits and hyphens.`,
    );
  }
  refuseUnknown(Object.keys(given));
  /** What makes a laptop: AWS could not read the keys of this issuer. */
  const isLaptop = isLoopback(given['issuer'] ?? '');
  const values = readEach(given, { stage, region, isLaptop });
  checkTogether(values, { stage, isLaptop });
  const { scopes, defaultEndpoint } = values;
  const byKey = new Map(Object.entries(values));
  return {
    ...values,
    isLaptop,
    authorizer: { name: 'reader', ...(scopes && { scopes }) },
    disableDefaultEndpoint: !defaultEndpoint,
    /** Only what a parameter sets: `npm start` adds the other variables from its own environment. */
    environment: Object.fromEntries(
      entries.flatMap(({ key, variable }) => {
        const value = byKey.get(key);
        return variable === undefined || value === undefined ? [] : [[variable, String(value)]];
      }),
    ),
  };
}

/** @typedef {ReturnType<typeof readDeployment>} Deployment */

/**
 * The CLI's argument to our modules that build resources.
 *
 * @typedef {object} Cli
 * @property {(variable: 'self:custom.deployment') => Promise<Deployment>} resolveVariable
 */

/**
 * The parameters on the command line. The CLI's own reading of it loses what follows a line break.
 *
 * @param {readonly string[]} args
 * @returns {Map<string, string>}
 */
function onCommandLine(args) {
  const given = new Map();
  for (const [index, arg] of args.entries()) {
    if (!/^--param(=|$)/.test(arg)) continue;
    const text = arg === '--param' ? (args[index + 1] ?? '') : arg.slice('--param='.length);
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      return refuse(
        `The parameter ${JSON.stringify(text)} can't be read: it should be a name, '=' and a value (--param="name=value").`,
      );
    }
    if (given.has(name)) refuse(`The parameter '${name}' is given twice: it should be given once.`);
    given.set(name, value.trimEnd());
  }
  return given;
}

/**
 * A stage's parameters in serverless.yml.
 *
 * @param {unknown} block under `params:`
 * @returns {[name: string, text: string][]}
 */
function inBlock(block) {
  return Object.entries(block ?? {}).flatMap(([name, value]) => {
    if (value === null) return [];
    const isText = [value].flat().every((item) => ['string', 'number', 'boolean'].includes(typeof item));
    return isText
      ? [[name, [value].flat().join()]]
      : refuse(
          `The parameter '${name}' of serverless.yml is not a value: it should be text, or a list of texts.`,
        );
  });
}

/**
 * Refuses commands that would fail, or change what no reader gets.
 *
 * @param {readonly string[]} args of the CLI, the command's words first
 * @param {{ isLaptop: boolean }} deployment
 */
function refuseCommand(args, { isLaptop }) {
  const command = args.join(' ').replace(/ -.*/s, '');
  const instead = { 'deploy function': 'serverless deploy', 'invoke local': 'npm start' }[command];
  if (instead) refuse(`The command 'serverless ${command}' can't be used: run '${instead}' instead.`);
  if (command === 'deploy' && isLaptop) {
    refuse("The parameter 'issuer' is on loopback: it should be an issuer that AWS can reach, to deploy.");
  }
}

/** The CLI calls this for `${file(./deploy/parameters.cjs):noStage}`, where there is no --stage. */
const noStage = () =>
  refuse("The option '--stage' is missing: it should name the stage, such as --stage prod.");

/**
 * The CLI calls this for `${file(./deploy/parameters.cjs):deployment}`.
 *
 * @param {object} cli
 * @param {(variable: string) => Promise<string>} cli.resolveVariable
 * @param {(path: string[]) => Promise<unknown>} cli.resolveConfigurationProperty
 */
async function deployment({ resolveVariable, resolveConfigurationProperty }) {
  const args = process.argv.slice(2);
  const stage = await resolveVariable('sls:stage');
  const given = new Map([
    ...inBlock(await resolveConfigurationProperty(['params', 'default'])),
    ...inBlock(await resolveConfigurationProperty(['params', stage])),
    ...onCommandLine(args),
  ]);
  const region = await resolveVariable('self:provider.region');
  const values = readDeployment(Object.fromEntries(given), { stage, region });
  refuseCommand(args, values);
  return values;
}

module.exports = { deployment, inBlock, noStage, readDeployment, parameterOf };
