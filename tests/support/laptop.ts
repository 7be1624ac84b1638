/** The API over HTTP, as `npm start` runs it, with stand-ins that the test controls. */

import { copyService } from '../../deploy/service-copy.ts';
import { type Api, startApi } from '../../local/api.ts';
import { freePort } from '../../local/ports.ts';
import { audience, type Claims, type Issuer, startIssuer } from '../../stand-ins/issuer.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../stand-ins/secrets-manager.ts';
import { expectDocumented } from './documented-answer.ts';

/** The content of the secret unless a test puts another. */
export const secret = {
  LIVEKIT_API_KEY: 'devkey',
  LIVEKIT_API_SECRET: 'secret',
  LIVEKIT_WS_URL: 'ws://localhost:7880',
};

const secretName = 'booky/livekit';

export interface LaptopOptions {
  /** The function's variables beyond what `serverless.yml` sets. */
  environment?: Record<string, string>;
  /** Parameters of the deployment. */
  parameters?: Record<string, string>;
  /** Whether the secret exists from the start; true by default. */
  hasSecret?: boolean;
}

export interface Laptop {
  api: Api;
  issuer: Issuer;
  secretsManager: SecretsManagerStandIn;
  /** Writes the secret that the function reads. */
  putSecret: (value: object) => void;
  /**
   * Asks for a meeting token as a reader with these claims, unless the request has its own `authorization`. Rejects if the
   * answer is not as in docs/openapi.yaml.
   */
  askForToken: (request?: LaptopRequest) => Promise<Response>;
  /** What the function has logged until now. */
  log: () => string;
  close: () => Promise<void>;
}

export interface LaptopRequest {
  claims?: Claims;
  /** Sent as JSON, unless it is a string. */
  body?: unknown;
  /** `undefined` leaves out a header that would be sent otherwise. */
  headers?: Record<string, string | undefined>;
}

/** Starts it all on free ports, in a private copy of the service. */
export async function startLaptop(options: LaptopOptions = {}): Promise<Laptop> {
  const service = await copyService();
  const secretsManager = await startSecretsManager();
  const issuer = await startIssuer({ port: 0 });
  const putSecret = (value: object) => {
    secretsManager.put(secretName, JSON.stringify(value));
  };
  if (options.hasSecret ?? true) putSecret(secret);

  let output = '';
  const api = await startApi({
    directory: service.directory,
    port: await freePort(),
    issuer: issuer.url,
    audience,
    region: secretsManager.environment.AWS_REGION,
    parameters: { ...options.parameters, secret: secretName },
    environment: { ...options.environment, ...secretsManager.environment },
    write: (text) => {
      output += text;
    },
  });
  const close = async () => {
    await api.close();
    await issuer.close();
    await secretsManager.close();
    await service.remove();
  };
  try {
    await api.ready;
  } catch {
    await close();
    throw new Error(`The API did not start:\n${output}`);
  }

  return {
    api,
    issuer,
    secretsManager,
    putSecret,
    askForToken: async ({
      claims = { sub: 'user-001', name: 'Ana' },
      body = { reading_club_id: 123 },
      headers = {},
    } = {}) => {
      const allHeaders = Object.entries({
        authorization: `Bearer ${await issuer.issueToken(claims)}`,
        'content-type': 'application/json',
        ...headers,
      });
      const answer = await fetch(`${api.url}/api/reading-clubs/meetings/token`, {
        method: 'POST',
        headers: allHeaders.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      await expectDocumented(answer);
      return answer;
    },
    log: () => output,
    close,
  };
}
