import { parameterOf } from '../deploy/parameters.cjs';
import { parseClaimNames } from '../lib/config.ts';

/** The settings that `npm start` reads from its environment variables and from `.env`. */
export type Settings = ReturnType<typeof parseSettings>;

/** 503 from the endpoint, 429 from the gateway, an answer after ten seconds, or sign-in JWTs that have expired. */
const faults = ['503', '429', 'slow', 'expired'] as const;

/** A variable that can't be used; the message names it and says what to do. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
}

/** The variables that a parameter sets; the secret's are not among them. */
const { LIVEKIT_SECRET_ID: _secret, LIVEKIT_WS_URL: _url, ...asParameters } = parameterOf;

/**
 * An empty variable counts as unset. The default API key and secret are those of `livekit-server --dev`, and the default URL is
 * that server's.
 *
 * @param block the parameters of serverless.yml, over which a variable wins
 * @throws {SettingsFault} at the first variable that can't be used.
 */
export function parseSettings(
  environment: Readonly<Record<string, string | undefined>>,
  block: Readonly<Record<string, string>>,
) {
  const read = (name: string) => environment[name] || undefined;

  const port = (name: string, fallback: number) => {
    const text = read(name) ?? String(fallback);
    const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (value <= 65_535) return value;
    throw new SettingsFault(`${name} is ${JSON.stringify(text)}: it should be a port from 0 to 65535.`);
  };

  const oneOf = <Value extends string>(name: string, values: readonly Value[]) => {
    const text = read(name);
    const value = values.find((candidate) => candidate === text);
    if (text === value) return value;
    throw new SettingsFault(`${name} is ${JSON.stringify(text)}: it should be one of ${values.join(', ')}.`);
  };

  const apiKey = read('LIVEKIT_API_KEY');
  const apiSecret = read('LIVEKIT_API_SECRET');
  if ((apiKey === undefined) !== (apiSecret === undefined)) {
    const missing = apiKey === undefined ? 'LIVEKIT_API_KEY' : 'LIVEKIT_API_SECRET';
    throw new SettingsFault(`${missing} is not set: set both the key and its secret, for example in .env.`);
  }

  return {
    /** Each by its variable; 0 lets the system choose. */
    ports: {
      PORT: port('PORT', 3000),
      ISSUER_PORT: port('ISSUER_PORT', 3001),
      PAGE_PORT: port('PAGE_PORT', 3010),
    },
    /** The content of the secret, as the team would store it in Secrets Manager. */
    secret: {
      LIVEKIT_API_KEY: apiKey ?? 'devkey',
      LIVEKIT_API_SECRET: apiSecret ?? 'secret',
      LIVEKIT_WS_URL: read('LIVEKIT_WS_URL') ?? 'ws://localhost:7880',
    },
    /** Origins that may call the API, in addition to the meeting page's and Vite's. */
    origins: read('ORIGINS')?.split(',') ?? [],
    /** Whether the issuer signs access tokens as identity providers do: without a name. */
    signsAccessTokens: oneOf('SIGN_IN_JWT', ['id', 'access']) === 'access',
    /** What goes wrong, for a front end to see. */
    fault: oneOf('FAULT', faults),
    /** The deployment's parameters that set the function's environment variables. */
    parameters: pick(Object.entries(asParameters), read),
    /** The names under which the function reads a reader's claims. */
    claims: parseClaimNames(
      Object.fromEntries(
        Object.entries(parameterOf).map(([variable, name]) => [variable, read(variable) ?? block[name]]),
      ),
    ),
    /** Those that no parameter sets, `CREDENTIALS_…`, unchanged: the function itself reports what is wrong with one. */
    environment: pick(
      Object.keys(environment).flatMap((name) => (name.startsWith('CREDENTIALS_') ? [[name, name]] : [])),
      read,
    ),
  };
}

/** The variables that are set, each under its new name. */
function pick(names: [from: string, to: string][], read: (name: string) => string | undefined) {
  return Object.fromEntries(
    names.flatMap(([from, to]) => {
      const value = read(from);
      return value === undefined ? [] : [[to, value]];
    }),
  );
}
