// @ts-check
/**
 * The deployment's parameters, as in `serverless deploy --stage prod --param="issuer=https://…"`. Each is read, split and
 * checked before anything is packaged. The error for a faulty one is one sentence that names it and says what it should be.
 * Unknown names are refused first: otherwise a mistyped parameter would silently get its default.
 */
const { closest, distance } = require('fastest-levenshtein');

/** The stage of a laptop, where every parameter has a working default. It is also the CLI's default stage. */
const laptopStage = 'dev';

/** The stage for production: it writes fewer logs and keeps them longer. */
const productionStage = 'prod';

/**
 * One parameter: its name, the rule for its text (which follows "it should be"), the function that reads the text (`undefined`
 * if it breaks the rule), and the defaults: on a laptop, in production, and for all other stages.
 *
 * @template T
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} rule
 * @property {(text: string) => T | undefined} read
 * @property {string} [onLaptop]
 * @property {string} [inProduction]
 * @property {string} [byDefault]
 */

/** Visible ASCII: logs and environment variables show these characters unchanged. */
const visible = /^[\x21-\x7e]+$/;

/** Without user info, which would be visible in the template. */
const readUrl = (/** @type {string} */ text) => {
  if (!visible.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username || url.password ? undefined : url;
};

const isLoopback = (/** @type {URL} */ { hostname }) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

/** @type {(text: string, limits: { most: number }, isItem: (item: string) => boolean) => string[] | undefined} */
const readList = (text, { most }, isItem) => {
  const items = [...new Set(text.split(',').map((item) => item.trim()))];
  return items.length <= most && items.every(isItem) ? items : undefined;
};

/** @type {(name: string) => Parameter<string>} */
const claim = (name) => ({
  name,
  rule: "a claim's name, 1 to 128 visible ASCII characters such as cognito:groups",
  read: (text) => (visible.test(text) && text.length <= 128 ? text : undefined),
});

/** @type {(name: string) => Parameter<boolean>} */
const flag = (name) => ({
  name,
  rule: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  byDefault: 'false',
});

/** @type {(name: string, of: { unit: string, min: number, max: number, byDefault?: string }) => Parameter<number>} */
const wholeNumber = (name, { unit, min, max, ...otherwise }) => ({
  name,
  rule: `a whole number of ${unit} from ${min} to ${max}`,
  read: (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  },
  ...otherwise,
});

/** @type {Parameter<string>} */
const issuer = {
  name: 'issuer',
  rule: "the JWT issuer exactly as the claim 'iss' has it, an https:// URL (http:// on loopback only) without query and fragment",
  read: (text) => {
    const url = readUrl(text);
    if (url === undefined || /[?#]/.test(text)) return undefined;
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)) ? text : undefined;
  },
  onLaptop: 'http://localhost:3001',
};

/** @type {Parameter<string[]>} */
const audience = {
  name: 'audience',
  // 50 is API Gateway's quota for an authorizer.
  rule: 'one to 50 audiences (client ids) separated by commas',
  read: (text) => readList(text, { most: 50 }, (item) => visible.test(item)),
  onLaptop: 'booky',
};

/** @type {Parameter<string[]>} */
const scopes = {
  name: 'scopes',
  // 10 is API Gateway's quota for a route; the characters are those of RFC 6749, section 3.3.
  rule: 'one to 10 scopes of at most 64 characters each, separated by commas',
  read: (text) => readList(text, { most: 10 }, (item) => /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(item)),
};

/** @type {Parameter<string[]>} */
const origins = {
  name: 'origins',
  rule: "one to 100 web origins such as https://booky.example separated by commas, each as browsers send it: no path, no '/' at the end, no '*'",
  read: (text) =>
    readList(text, { most: 100 }, (item) => {
      const url = readUrl(item);
      if (url === undefined || item.includes('*')) return false;
      return /^https?:$/.test(url.protocol) && url.origin === item;
    }),
  onLaptop: 'http://localhost:3010,http://localhost:5173',
};

const secretName = /^[A-Za-z0-9/_+=.@-]{1,512}$/;
const secretArn =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$/;

/** @type {Parameter<string>} */
const secret = {
  name: 'secret',
  rule: 'the name of a secret, or the full ARN of one (with the hyphen and six characters at its end)',
  read: (text) => (secretName.test(text) || secretArn.test(text) ? text : undefined),
  byDefault: 'booky/livekit',
};

/** Whether the stack creates the secret, empty. By default the team has created one already. */
const createSecret = flag('create-secret');

/** The customer's key that the secret is encrypted with. AWS's own key for Secrets Manager needs no permission. @type {Parameter<string>} */
const kmsKey = {
  name: 'kms-key',
  rule: 'the ARN of a KMS key (not of an alias)',
  read: (text) =>
    /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,128}$/.test(text) ? text : undefined,
};

/** The limit of the function's role, which the pipeline's role requires (deploy/deployer.yml). @type {Parameter<string>} */
const permissionsBoundary = {
  name: 'permissions-boundary',
  rule: 'the ARN of a managed policy of IAM',
  read: (text) =>
    /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[A-Za-z0-9/_+=,.@-]{1,512}$/.test(text) ? text : undefined,
};

/** @type {Parameter<string>} */
const liveKitUrl = {
  name: 'livekit-url',
  rule: 'a wss:// or https:// URL (ws:// or http:// on loopback only) of a host and at most a path',
  read: (text) => {
    const url = readUrl(text);
    if (url === undefined || /[?#]/.test(text)) return undefined;
    const isEncrypted = /^(wss|https):$/.test(url.protocol);
    const isPlain = /^(ws|http):$/.test(url.protocol);
    return isEncrypted || (isPlain && isLoopback(url)) ? text : undefined;
  },
};

const clubsClaim = claim('clubs-claim');
const moderatedClubsClaim = claim('moderated-clubs-claim');
const listenersClaim = claim('listeners-claim');
const openClubs = flag('open-clubs');

/**
 * With 50 a second, a hundred clubs of 30 readers join in a minute. It also limits what a faulty client can cost. The bounds are
 * an account's default quotas, which no stage can exceed.
 */
const throttlingRate = wholeNumber('throttling-rate', {
  unit: 'requests a second',
  min: 1,
  max: 10_000,
  byDefault: '50',
});
/** Twice the rate: many readers join at the same time, on the hour. */
const throttlingBurst = wholeNumber('throttling-burst', {
  unit: 'requests at once',
  min: 1,
  max: 5_000,
  byDefault: '100',
});

/** Unset, the function shares the account's quota with all others. 0 switches the endpoint off. */
const reservedConcurrency = wholeNumber('reserved-concurrency', {
  unit: 'requests at a time',
  min: 0,
  max: 10_000,
});

const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

/** @type {Parameter<string>} */
const logLevel = {
  name: 'log-level',
  rule: 'DEBUG, INFO, WARN or ERROR',
  read: (text) => (logLevels.includes(text) ? text : undefined),
  inProduction: 'INFO',
  byDefault: 'DEBUG',
};

/** In days: the retentions that CloudWatch Logs offers, up to a year. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365];

/** @type {Parameter<number>} */
const logRetentionDays = {
  name: 'log-retention-days',
  rule: `one of ${retentions.join(', ')}`,
  read: (text) => retentions.find((days) => String(days) === text),
  inProduction: '90',
  byDefault: '14',
};

const tracing = flag('tracing');

/** @type {(name: string) => Parameter<string>} */
const topic = (name) => ({
  name,
  // CloudWatch can't send to a FIFO topic.
  rule: 'the ARN of an SNS topic (not FIFO)',
  read: (text) =>
    /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(text) ? text : undefined,
});

/** Receives the urgent alarms. Unset, alarms only change their state. */
const alarmsTopic = topic('alarms-topic');
/** Receives alarms that can wait until the next working day; unset, `alarms-topic` does. */
const noticesTopic = topic('notices-topic');

/** @type {Parameter<string>} */
const domain = {
  name: 'domain',
  rule: 'a domain name in lower case such as meetings.booky.example, without scheme, path or wildcard',
  read: (text) =>
    text.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
      ? text
      : undefined,
};

/** @type {Parameter<string>} */
const certificate = {
  name: 'certificate',
  rule: 'the ARN of a certificate in ACM',
  read: (text) =>
    /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[A-Za-z0-9-]{1,128}$/.test(text) ? text : undefined,
};

const parameters = [
  issuer,
  audience,
  scopes,
  origins,
  secret,
  createSecret,
  kmsKey,
  permissionsBoundary,
  liveKitUrl,
  clubsClaim,
  moderatedClubsClaim,
  listenersClaim,
  openClubs,
  throttlingRate,
  throttlingBurst,
  reservedConcurrency,
  logLevel,
  logRetentionDays,
  tracing,
  alarmsTopic,
  noticesTopic,
  domain,
  certificate,
];

/** A deployment that is refused. The CLI prints an error's stack if there is one; the message is enough. */
class ParameterFault extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ParameterFault';
    this.stack = message;
  }
}

/**
 * @param {readonly string[]} given the names of the parameters
 * @throws {ParameterFault} at the first unknown name, with the known one that it resembles.
 */
function refuseUnknown(given) {
  const known = parameters.map(({ name }) => name);
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
 * The values to deploy.
 *
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {string} stage
 * @throws {ParameterFault} at the first parameter that is missing or wrong.
 */
function readParameters(given, stage) {
  /** @type {<T>(parameter: Parameter<T>) => T | undefined} */
  const optional = ({ name, rule, read, onLaptop, inProduction, byDefault }) => {
    const ofStage = stage === laptopStage ? onLaptop : stage === productionStage ? inProduction : undefined;
    const text = given[name] ?? ofStage ?? byDefault;
    if (text === undefined) return undefined;
    const value = read(text);
    if (value !== undefined) return value;
    throw new ParameterFault(`The parameter '${name}' is ${JSON.stringify(text)}: it should be ${rule}.`);
  };

  /** @type {<T>(parameter: Parameter<T>) => T} */
  const required = (parameter) => {
    const value = optional(parameter);
    if (value !== undefined) return value;
    const { name, rule } = parameter;
    throw new ParameterFault(
      `The parameter '${name}' is missing for stage '${stage}': it should be ${rule} (--param="${name}=...").`,
    );
  };

  return {
    issuer: required(issuer),
    audience: required(audience),
    scopes: optional(scopes),
    origins: required(origins),
    secret: required(secret),
    createSecret: required(createSecret),
    kmsKey: optional(kmsKey),
    permissionsBoundary: optional(permissionsBoundary),
    liveKitUrl: optional(liveKitUrl),
    clubsClaim: optional(clubsClaim),
    moderatedClubsClaim: optional(moderatedClubsClaim),
    listenersClaim: optional(listenersClaim),
    openClubs: required(openClubs),
    throttlingRate: required(throttlingRate),
    throttlingBurst: required(throttlingBurst),
    reservedConcurrency: optional(reservedConcurrency),
    logLevel: required(logLevel),
    logRetentionDays: required(logRetentionDays),
    tracing: required(tracing),
    alarmsTopic: optional(alarmsTopic),
    noticesTopic: optional(noticesTopic),
    domain: optional(domain),
    certificate: optional(certificate),
  };
}

/**
 * Checks rules that concern several parameters, or a parameter and the target.
 *
 * @param {ReturnType<typeof readParameters>} values
 * @param {{ stage: string, region: string }} target
 */
function checkTogether(values, { stage, region }) {
  const { secret, kmsKey, alarmsTopic, noticesTopic, certificate } = values;
  const inRegion = {
    secret,
    'kms-key': kmsKey,
    'alarms-topic': alarmsTopic,
    'notices-topic': noticesTopic,
    certificate,
  };
  for (const [name, text] of Object.entries(inRegion)) {
    const [scheme, , , itsRegion] = text?.split(':') ?? [];
    if (scheme !== 'arn' || itsRegion === region) continue;
    throw new ParameterFault(
      `The parameter '${name}' is in ${itsRegion}: it should be in ${region}, the region deployed to (--region).`,
    );
  }
  if ((values.domain === undefined) !== (certificate === undefined)) {
    const [missing, given] =
      certificate === undefined ? ['certificate', 'domain'] : ['domain', 'certificate'];
    throw new ParameterFault(
      `The parameter '${missing}' is missing: it should be given where '${given}' is, or neither.`,
    );
  }
  if (values.createSecret && secretArn.test(secret)) {
    throw new ParameterFault(
      "The parameter 'secret' is an ARN: it should be a name where 'create-secret' is true.",
    );
  }
  if (stage !== laptopStage && values.clubsClaim === undefined && !values.openClubs) {
    throw new ParameterFault(
      `The parameter 'clubs-claim' is missing for stage '${stage}': it should be the claim that lists a reader's clubs, unless 'open-clubs=true' accepts that every signed-in reader may enter every club.`,
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
function readDeployment(given, target) {
  refuseUnknown(Object.keys(given));
  const values = readParameters(given, target.stage);
  checkTogether(values, target);
  const { secret, liveKitUrl, clubsClaim, moderatedClubsClaim, listenersClaim, scopes, logLevel } = values;
  return {
    ...values,
    authorizer: { name: 'reader', ...(scopes && { scopes }) },
    /** Only what a parameter sets: `npm start` adds the other variables from its own environment. */
    environment: {
      LIVEKIT_SECRET_ID: secret,
      LOG_LEVEL: logLevel,
      ...(liveKitUrl && { LIVEKIT_WS_URL: liveKitUrl }),
      ...(clubsClaim && { CLUBS_CLAIM: clubsClaim }),
      ...(moderatedClubsClaim && { MODERATED_CLUBS_CLAIM: moderatedClubsClaim }),
      ...(listenersClaim && { LISTENERS_CLAIM: listenersClaim }),
    },
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
 * The CLI calls this for `${file(./deploy/parameters.cjs):deployment}`.
 *
 * @param {object} cli
 * @param {{ param?: string[] }} cli.options each as `name=value`
 * @param {(variable: string) => Promise<string>} cli.resolveVariable
 */
async function deployment({ options, resolveVariable }) {
  /** @type {Map<string, string>} */
  const given = new Map();
  for (const text of options.param ?? []) {
    const name = text.split('=', 1)[0] ?? '';
    if (given.has(name)) {
      throw new ParameterFault(`The parameter '${name}' is given twice: it should be given once.`);
    }
    given.set(name, text.slice(name.length + 1));
  }
  return readDeployment(Object.fromEntries(given), {
    stage: await resolveVariable('sls:stage'),
    region: await resolveVariable('self:provider.region'),
  });
}

module.exports = { deployment, readDeployment, ParameterFault };
