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
 * A stage's name is a part of others. The shortest of these is the pipeline's role, 64 characters with the longest region
 * (deploy/deployer.yml); a bucket's, 63, is shortened by AWS.
 */
const stagePattern = /^[A-Za-z][A-Za-z0-9-]{0,18}$/;

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
 */

/** Visible ASCII: logs and environment variables show these characters unchanged. */
const visible = /^[\x21-\x7e]+$/;

/** Without user info, which would be visible in the template. */
const readUrl = (/** @type {string} */ text) => {
  if (!visible.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username || url.password ? undefined : url;
};

const isLoopback = (/** @type {string} */ text) =>
  /^(localhost|\[::1\]|127(\.\d+){3})$/.test(readUrl(text)?.hostname ?? '');

/**
 * A URL without query and fragment, whose scheme is `encrypted`, or `plain` on loopback.
 *
 * @type {(text: string, schemes: { encrypted: RegExp, plain: RegExp }) => boolean}
 */
const isBaseUrl = (text, { encrypted, plain }) => {
  const { protocol = '' } = readUrl(text) ?? {};
  return !/[?#]/.test(text) && (encrypted.test(protocol) || (plain.test(protocol) && isLoopback(text)));
};

const isOrigin = (/** @type {string} */ text) => {
  const { protocol = '', origin } = readUrl(text) ?? {};
  // API Gateway documents these two schemes only.
  return /^https?:$/.test(protocol) && origin === text && !text.includes('*');
};

const textThat = (/** @type {(text: string) => boolean} */ isRight) => v.pipe(v.string(), v.check(isRight));
const textLike = (/** @type {RegExp} */ pattern) => v.pipe(v.string(), v.regex(pattern));

const listOf = (/** @type {number} */ most, /** @type {(item: string) => boolean} */ isItem) =>
  v.pipe(
    v.string(),
    v.transform((text) => [...new Set(text.split(',').map((item) => item.trim()))]),
    v.maxLength(most),
    v.everyItem(isItem),
  );

/** The pattern of an ARN of a service that has regions. */
const arn = (/** @type {string} */ service, /** @type {string} */ resource) =>
  `arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}`;
const arnLike = (/** @type {string} */ service, /** @type {string} */ resource) =>
  textLike(new RegExp(`^${arn(service, resource)}$`));

const flag = {
  rule: 'true or false',
  schema: v.pipe(
    v.picklist(['true', 'false']),
    v.transform((text) => text === 'true'),
  ),
};

const wholeNumber = (/** @type {{ unit: string, min: number, max: number }} */ { unit, min, max }) => ({
  rule: `a whole number of ${unit} from ${min} to ${max}`,
  schema: v.pipe(textLike(/^\d{1,9}$/), v.transform(Number), v.minValue(min), v.maxValue(max)),
});

const claim = {
  rule: "a claim's name, 1 to 128 visible ASCII characters such as cognito:groups",
  schema: textThat((text) => visible.test(text) && text.length <= 128),
};

const topic = {
  // CloudWatch can't send to a FIFO topic.
  rule: 'the ARN of an SNS topic (not FIFO)',
  schema: arnLike('sns', '[A-Za-z0-9_-]{1,256}'),
};

const role = {
  rule: 'the ARN of a role of IAM',
  schema: textLike(/^arn:aws[a-z-]*:iam::\d{12}:role\/[A-Za-z0-9/_+=,.@-]{1,576}$/),
};

const secretName = '[A-Za-z0-9/_+=.@-]{1,512}';
/** Secrets Manager adds a hyphen and six characters to the name. */
const secretArn = new RegExp(`^${arn('secretsmanager', `secret:${secretName}-[A-Za-z0-9]{6}`)}$`);

/** In days: the retentions that CloudWatch Logs offers, up to a year. */
const retentions = ['1', '3', '5', '7', '14', '30', '60', '90', '120', '150', '180', '365'];

/** Every parameter, by its name in camel case. */
const parameters = /** @satisfies {Record<string, Parameter>} */ ({
  issuer: {
    rule: "the JWT issuer exactly as the claim 'iss' has it, an https:// URL (http:// on loopback only) without query and fragment",
    schema: textThat((text) => isBaseUrl(text, { encrypted: /^https:$/, plain: /^http:$/ })),
    isRequired: true,
  },
  audience: {
    // 50 is API Gateway's quota for an authorizer.
    rule: 'one to 50 audiences (client ids) separated by commas',
    schema: listOf(50, (item) => visible.test(item)),
    isRequired: true,
    onLaptop: 'booky',
  },
  scopes: {
    // 10 is API Gateway's quota for a route; the characters are those of RFC 6749, section 3.3.
    rule: 'one to 10 scopes of at most 64 characters each, separated by commas',
    schema: listOf(10, (item) => /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(item)),
  },
  origins: {
    rule: "one to 100 web origins such as https://booky.example separated by commas, each with http:// or https:// and as browsers send it: no path, no '/' at the end, no '*'",
    schema: listOf(100, isOrigin),
    isRequired: true,
    onLaptop: 'http://localhost:3010,http://localhost:5173',
  },
  secret: {
    rule: 'the name of a secret, or the full ARN of one (with the hyphen and six characters at its end)',
    schema: textThat((text) => new RegExp(`^${secretName}$`).test(text) || secretArn.test(text)),
    byDefault: 'booky/livekit',
    variable: 'LIVEKIT_SECRET_ID',
  },
  /** Whether the stack creates the secret, empty. By default the team has created one already. */
  createSecret: { ...flag, byDefault: 'false' },
  /** The customer's key that the secret is encrypted with. AWS's own key for Secrets Manager needs no permission. */
  kmsKey: {
    rule: 'the ARN of a KMS key (not of an alias)',
    schema: arnLike('kms', 'key/[A-Za-z0-9-]{1,128}'),
  },
  /** The limit of the roles that the stack creates. */
  permissionsBoundary: {
    rule: 'the ARN of a managed policy of IAM',
    schema: textLike(/^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[A-Za-z0-9/_+=,.@-]{1,512}$/),
  },
  /** Ready roles, for someone who may not create any. */
  functionRole: role,
  checkRole: role,
  livekitUrl: {
    rule: 'a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path',
    schema: textThat((text) => isBaseUrl(text, { encrypted: /^(wss|https):$/, plain: /^(ws|http):$/ })),
    variable: 'LIVEKIT_WS_URL',
  },
  tokenTtlSeconds: {
    ...wholeNumber({ unit: 'seconds', min: 120, max: 3600 }),
    byDefault: '600',
    variable: 'TOKEN_TTL_SECONDS',
  },
  identityClaim: { ...claim, byDefault: 'sub', variable: 'IDENTITY_CLAIM' },
  nameClaim: { ...claim, byDefault: 'name', variable: 'NAME_CLAIM' },
  clubsClaim: { ...claim, variable: 'CLUBS_CLAIM' },
  moderatedClubsClaim: { ...claim, variable: 'MODERATED_CLUBS_CLAIM' },
  listenersClaim: { ...claim, variable: 'LISTENERS_CLAIM' },
  clubsPrefix: {
    rule: `1 to 64 visible ASCII characters but not any of [ ] { } " , such as club: or /clubs/`,
    schema: textThat((text) => visible.test(text) && text.length <= 64 && !/[[\]{}",]/.test(text)),
    variable: 'CLUBS_PREFIX',
  },
  openClubs: { ...flag, byDefault: 'false' },
  /**
   * With 50 a second, a hundred clubs of 30 readers join in a minute. It also limits what a faulty client can cost. The bounds are
   * an account's default quotas, which no stage can exceed.
   */
  throttlingRate: { ...wholeNumber({ unit: 'requests a second', min: 1, max: 10_000 }), byDefault: '50' },
  /** Twice the rate: many readers join at the same time, on the hour. */
  throttlingBurst: { ...wholeNumber({ unit: 'requests at once', min: 1, max: 5_000 }), byDefault: '100' },
  /** Unset, the function shares the account's quota with all others. 0 switches the endpoint off. */
  reservedConcurrency: wholeNumber({ unit: 'requests at a time', min: 0, max: 10_000 }),
  logLevel: {
    rule: 'DEBUG, INFO, WARN or ERROR',
    schema: v.picklist(['DEBUG', 'INFO', 'WARN', 'ERROR']),
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
  checkMinutes: { ...wholeNumber({ unit: 'minutes', min: 0, max: 60 }), byDefault: '5' },
  domain: {
    rule: 'a domain name in lower case such as meetings.booky.example, without scheme, path or wildcard',
    schema: textThat(
      (text) =>
        text.length <= 253 &&
        /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text),
    ),
  },
  certificate: {
    rule: 'the ARN of a certificate in ACM',
    schema: arnLike('acm', 'certificate/[A-Za-z0-9-]{1,128}'),
  },
  basePath: {
    rule: "a path such as meetings or booky/meetings: at most 200 letters, digits, '.', '_', '-' and '/', and no '/' at either end",
    schema: v.pipe(textLike(/^[\w.-]+(\/[\w.-]+)*$/), v.maxLength(200)),
  },
  /** Whether the URL that AWS gives to the API works. */
  defaultEndpoint: { ...flag, byDefault: 'true' },
});

/**
 * @typedef {typeof parameters} Parameters
 * @typedef {{ isRequired: true } | { byDefault: string }} Present
 * @typedef {{ [Key in keyof Parameters]:
 *   v.InferOutput<Parameters[Key]['schema']> | (Parameters[Key] extends Present ? never : undefined) }} Values
 */

/** `clubsClaim` as it is written on the command line: `clubs-claim`. */
const nameOf = (/** @type {string} */ key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @type {readonly (readonly [key: string, parameter: Parameter & { name: string }])[]} */
const entries = Object.entries(parameters).map(([key, parameter]) => [
  key,
  { ...parameter, name: nameOf(key) },
]);

/** The names of the parameters that set a variable of the function, by the variable. */
const parameterOf = Object.fromEntries(
  entries.flatMap(([, { name, variable }]) => (variable === undefined ? [] : [[variable, name]])),
);

/** A deployment that is refused. The CLI prints an error's stack if there is one; the message is enough. */
class ParameterFault extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ParameterFault';
    this.stack = message;
  }
}

/** @type {(name: string, rest: string) => never} */
const refuse = (name, rest) => {
  throw new ParameterFault(`The parameter '${name}' ${rest}`);
};

/**
 * @param {readonly string[]} given the names of the parameters
 * @throws {ParameterFault} at the first unknown name, with the known one that it resembles.
 */
function refuseUnknown(given) {
  const known = entries.map(([, { name }]) => name);
  for (const name of given) {
    if (known.includes(name)) continue;
    // The variables of `npm start` are written like CLUBS_CLAIM.
    const typed = name.toLowerCase().replaceAll('_', '-');
    const nearest = closest(typed, known);
    const resembles = distance(typed, nearest) <= typed.length / 3;
    const rule = resembles ? `probably be '${nearest}'` : `be one of ${known.join(', ')}`;
    throw new ParameterFault(`There is no parameter '${name}': it should ${rule}.`);
  }
}

/**
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {{ stage: string, isLaptop: boolean }} target
 * @throws {ParameterFault} at the first parameter that is missing or wrong.
 */
function readParameters(given, { stage, isLaptop }) {
  const values = entries.map(([key, { name, rule, schema, isRequired, ...defaults }]) => {
    const text =
      given[name] ??
      (isLaptop ? defaults.onLaptop : undefined) ??
      (stage === productionStage ? defaults.inProduction : undefined) ??
      defaults.byDefault;
    if (text === undefined) {
      if (!isRequired) return [key, undefined];
      return refuse(name, `is missing for stage '${stage}': it should be ${rule} (--param="${name}=...").`);
    }
    const value = v.safeParse(schema, text);
    return value.success
      ? [key, value.output]
      : refuse(name, `is ${JSON.stringify(text)}: it should be ${rule}.`);
  });
  return /** @type {Values} */ (Object.fromEntries(values));
}

/**
 * Checks rules that concern several parameters, or a parameter and the target.
 *
 * @param {Values} values
 * @param {{ stage: string, region: string, isLaptop: boolean }} target
 */
function checkTogether(values, { stage, region, isLaptop }) {
  for (const [key, value] of Object.entries(values)) {
    const [scheme, , , itsRegion] = typeof value === 'string' ? value.split(':') : [];
    // Those of IAM have no region.
    if (scheme !== 'arn' || !itsRegion || itsRegion === region) continue;
    refuse(nameOf(key), `is in ${itsRegion}: it should be in ${region}, the region deployed to (--region).`);
  }
  const { domain, certificate, basePath, defaultEndpoint, secret, createSecret } = values;
  if (domain === undefined) {
    const [needing] = [
      ...(certificate === undefined ? [] : ["'certificate'"]),
      ...(basePath === undefined ? [] : ["'base-path'"]),
      ...(defaultEndpoint ? [] : ["'default-endpoint=false'"]),
    ];
    if (needing !== undefined) refuse('domain', `is missing: it should be given where ${needing} is.`);
  } else if (certificate === undefined && basePath === undefined) {
    refuse(
      'certificate',
      "is missing: it should be given where 'domain' is, unless 'base-path' names a path on a domain that API Gateway has already.",
    );
  }
  if (createSecret && secretArn.test(secret)) {
    refuse('secret', "is an ARN: it should be a name where 'create-secret' is true.");
  }
  if (!isLaptop && values.clubsClaim === undefined && !values.openClubs) {
    refuse(
      'clubs-claim',
      `is missing for stage '${stage}': it should be the claim that lists a reader's clubs, unless 'open-clubs=true' accepts that every signed-in reader may enter every club.`,
    );
  }
}

/**
 * All values that serverless.yml and its resources use.
 *
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {{ stage: string, region: string }} target
 * @throws {ParameterFault}
 */
function readDeployment(given, { stage, region }) {
  if (!stagePattern.test(stage)) {
    throw new ParameterFault(
      `The option '--stage' is ${JSON.stringify(stage)}: it should be a letter and at most 18 more letters, digits and hyphens.`,
    );
  }
  refuseUnknown(Object.keys(given));
  /** What makes a laptop: AWS could not read the keys of this issuer. */
  const isLaptop = isLoopback(given['issuer'] ?? '');
  const values = readParameters(given, { stage, isLaptop });
  checkTogether(values, { stage, region, isLaptop });
  const { scopes, defaultEndpoint } = values;
  /** @type {Record<string, unknown>} */
  const byKey = values;
  return {
    ...values,
    isLaptop,
    authorizer: { name: 'reader', ...(scopes && { scopes }) },
    disableDefaultEndpoint: !defaultEndpoint,
    /** Only what a parameter sets: `npm start` adds the other variables from its own environment. */
    environment: Object.fromEntries(
      entries.flatMap(([key, { variable }]) =>
        variable === undefined || byKey[key] === undefined ? [] : [[variable, String(byKey[key])]],
      ),
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
 * The parameters on the command line.
 *
 * @param {readonly (string | null)[]} texts each as `name=value`
 * @returns {Map<string, string>}
 */
function onCommandLine(texts) {
  const given = new Map();
  for (const text of texts) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text ?? '') ?? [];
    if (name === undefined || value === undefined) {
      throw new ParameterFault(
        `The parameter ${JSON.stringify(text ?? '')} can't be read: it should be a name, '=' and a value (--param="name=value").`,
      );
    }
    if (given.has(name)) refuse(name, 'is given twice: it should be given once.');
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
      : refuse(name, 'of serverless.yml is not a value: it should be text, or a list of texts.');
  });
}

/** Commands that would fail, or change what no reader gets, and what to run instead. */
const insteadOf = new Map([
  ['deploy function', 'serverless deploy'],
  ['invoke local', 'npm start'],
]);

/**
 * @param {readonly string[]} args of the CLI, the command's words first
 * @param {{ isLaptop: boolean }} deployment
 * @throws {ParameterFault}
 */
function refuseCommand(args, { isLaptop }) {
  const end = args.findIndex((text) => text.startsWith('-'));
  const command = args.slice(0, end < 0 ? args.length : end).join(' ');
  const instead = insteadOf.get(command);
  if (instead !== undefined) {
    throw new ParameterFault(`The command 'serverless ${command}' can't be used: run '${instead}' instead.`);
  }
  if (command === 'deploy' && isLaptop) {
    refuse('issuer', 'is on loopback: it should be an issuer that AWS can reach, to deploy.');
  }
}

/** The CLI calls this for `${file(./deploy/parameters.cjs):noStage}`, where there is no --stage. */
function noStage() {
  throw new ParameterFault(
    "The option '--stage' is missing: it should name the stage, such as --stage prod.",
  );
}

/**
 * The CLI calls this for `${file(./deploy/parameters.cjs):deployment}`.
 *
 * @param {object} cli
 * @param {{ param?: (string | null)[] }} cli.options
 * @param {(variable: string) => Promise<string>} cli.resolveVariable
 * @param {(path: string[]) => Promise<unknown>} cli.resolveConfigurationProperty
 */
async function deployment({ options, resolveVariable, resolveConfigurationProperty }) {
  const args = process.argv.slice(2);
  // The CLI drops what follows a line break.
  if (args.some((text) => /^--param=.*[\r\n]+[^\r\n]/s.test(text))) {
    throw new ParameterFault('A parameter has a line break: it should have one line (--param="name=value").');
  }
  const stage = await resolveVariable('sls:stage');
  const given = new Map([
    ...inBlock(await resolveConfigurationProperty(['params', 'default'])),
    ...inBlock(await resolveConfigurationProperty(['params', stage])),
    ...onCommandLine(options.param ?? []),
  ]);
  const region = await resolveVariable('self:provider.region');
  const values = readDeployment(Object.fromEntries(given), { stage, region });
  refuseCommand(args, values);
  return values;
}

module.exports = { deployment, noStage, readDeployment, parameterOf, ParameterFault };
