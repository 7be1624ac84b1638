// @ts-check
/**
 * The deployment's parameters, as in `serverless deploy --stage prod --param="issuer=https://…"`: each read, split and
 * checked before anything is packaged. A fault is refused in one sentence that names the parameter and says what it
 * should be; so is a name that no parameter has, which would otherwise be a silent default.
 */

/** The stage of a laptop, where every parameter has a default that works; it is the CLI's own default as well. */
const laptopStage = 'dev';

/**
 * One parameter: its name, the rule for its text (to follow "it should be"), how the text is read (`undefined` where it
 * breaks the rule), and the text that stands in for a missing one, on a laptop or on any stage.
 *
 * @template T
 * @typedef {{ name: string, rule: string, read: (text: string) => T | undefined, onLaptop?: string, byDefault?: string }} Parameter
 */

/** Without user info, which would end up in what everybody can read. */
const readUrl = (/** @type {string} */ text) => {
  if (!visible.test(text) || !URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  return parsed.username || parsed.password ? undefined : parsed;
};

/** Visible ASCII: nothing that a log or an environment could show as something else. */
const visible = /^[\x21-\x7e]+$/;

const isLoopback = (/** @type {URL} */ { hostname }) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

/** @type {(text: string, limits: { most: number }, isItem: (item: string) => boolean) => string[] | undefined} */
const readList = (text, { most }, isItem) => {
  const items = [...new Set(text.split(',').map((item) => item.trim()))];
  return items.length <= most && items.every(isItem) ? items : undefined;
};

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

/** @type {Parameter<string>} */
const secret = {
  name: 'secret',
  rule: 'the name of a secret, or the full ARN of one (with the hyphen and six characters at its end)',
  read: (text) => (secretName.test(text) || secretArn.test(text) ? text : undefined),
  byDefault: 'booky/livekit',
};
const secretName = /^[A-Za-z0-9/_+=.@-]{1,512}$/;
const secretArn =
  /^arn:aws[a-z-]*:secretsmanager:(?<region>[a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$/;

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

/** @type {(name: string) => Parameter<string>} */
const claim = (name) => ({
  name,
  rule: "a claim's name, 1 to 128 visible ASCII characters such as cognito:groups",
  read: (text) => (visible.test(text) && text.length <= 128 ? text : undefined),
});
const clubsClaim = claim('clubs-claim');
const moderatedClubsClaim = claim('moderated-clubs-claim');
const listenersClaim = claim('listeners-claim');

/** @type {(name: string) => Parameter<boolean>} */
const flag = (name) => ({
  name,
  rule: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  byDefault: 'false',
});
const openClubs = flag('open-clubs');

const names = [
  issuer,
  audience,
  scopes,
  origins,
  secret,
  liveKitUrl,
  clubsClaim,
  moderatedClubsClaim,
  listenersClaim,
  openClubs,
].map(({ name }) => name);

/** A deployment that is refused. The CLI prints an error's stack where it has one; the message says it all. */
class ParameterFault extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ParameterFault';
    this.stack = message;
  }
}

/**
 * What serverless.yml deploys.
 *
 * @param {Readonly<Record<string, string | undefined>>} given the parameters' texts by name
 * @param {{ stage: string, region: string }} target
 * @throws {ParameterFault} at the first parameter that is unknown, missing or wrong.
 */
function readDeployment(given, { stage, region }) {
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new ParameterFault(`There is no parameter '${name}': it should be one of ${names.join(', ')}.`);
  }

  /** @type {<T>(parameter: Parameter<T>) => T | undefined} */
  const optional = ({ name, rule, read, onLaptop, byDefault }) => {
    const text = given[name] ?? (stage === laptopStage ? onLaptop : undefined) ?? byDefault;
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

  const values = {
    issuer: required(issuer),
    audience: required(audience),
    scopes: optional(scopes),
    origins: required(origins),
    secret: required(secret),
    liveKitUrl: optional(liveKitUrl),
    clubsClaim: optional(clubsClaim),
    moderatedClubsClaim: optional(moderatedClubsClaim),
    listenersClaim: optional(listenersClaim),
    openClubs: required(openClubs),
  };

  const secretRegion = secretArn.exec(values.secret)?.groups?.['region'];
  if (secretRegion !== undefined && secretRegion !== region) {
    throw new ParameterFault(
      `The parameter 'secret' is an ARN in ${secretRegion}: it should be a secret in ${region}, where this is deployed.`,
    );
  }
  if (stage !== laptopStage && values.clubsClaim === undefined && !values.openClubs) {
    throw new ParameterFault(
      `The parameter 'clubs-claim' is missing for stage '${stage}': it should be the claim that lists a reader's clubs, or else 'open-clubs=true' says that every signed-in reader may enter every club.`,
    );
  }

  return {
    issuer: values.issuer,
    audience: values.audience,
    origins: values.origins,
    authorizer: { name: 'reader', ...(values.scopes && { scopes: values.scopes }) },
    secretArn: arnOf(values.secret),
    /** The function's variables: only what a parameter sets, since `npm start` adds the others from its own environment. */
    environment: {
      LIVEKIT_SECRET_ID: values.secret,
      ...(values.liveKitUrl && { LIVEKIT_WS_URL: values.liveKitUrl }),
      ...(values.clubsClaim && { CLUBS_CLAIM: values.clubsClaim }),
      ...(values.moderatedClubsClaim && { MODERATED_CLUBS_CLAIM: values.moderatedClubsClaim }),
      ...(values.listenersClaim && { LISTENERS_CLAIM: values.listenersClaim }),
    },
  };
}

/**
 * The secret as a policy names it. Secrets Manager adds a hyphen and six characters to a name, and AWS asks for six `?`
 * rather than `*`, which would match longer names too.
 *
 * @param {string} idOrArn
 */
function arnOf(idOrArn) {
  if (secretArn.test(idOrArn)) return idOrArn;
  const resource = `secret:${idOrArn}-??????`;
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
  };
}

/**
 * What the CLI calls for `${file(./deploy/parameters.cjs):deployment}`.
 *
 * @param {object} cli
 * @param {{ param?: string[] }} cli.options
 * @param {(variable: string) => Promise<string>} cli.resolveVariable
 */
async function deployment({ options, resolveVariable }) {
  const stage = await resolveVariable('sls:stage');
  const region = await resolveVariable('self:provider.region');
  /** @type {Record<string, string>} */
  const given = {};
  for (const text of options.param ?? []) {
    const name = text.slice(0, text.indexOf('='));
    if (name in given) throw new ParameterFault(`The parameter '${name}' is given twice.`);
    given[name] = text.slice(name.length + 1);
  }
  return readDeployment(given, { stage, region });
}

module.exports = { deployment, readDeployment, ParameterFault };
