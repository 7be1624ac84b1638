import * as v from 'valibot';
import { inject, onTestFinished, vi } from 'vitest';
import { type LambdaFunction, startFunction } from '../../../stand-ins/lambda/runtime-api.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../stand-ins/secrets-manager.ts';
import { startTlsFront } from '../../../stand-ins/tls-front.ts';
import { startHoldingProxy } from '../../support/holding-proxy.ts';

export const secretName = 'booky/livekit';
export const credentials = {
  LIVEKIT_API_KEY: 'APIkeyOfThePackage',
  LIVEKIT_API_SECRET: 'api-secret-of-at-least-32-characters',
  LIVEKIT_WS_URL: 'wss://project.livekit.cloud',
};

/** For a store that checks none. */
export const anyKeys = {
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_SESSION_TOKEN: 'example',
};

/** Starts the packaged function in an environment of its own, which ends with the test. */
export function startPackaged(env: Readonly<Record<string, string>>): Promise<LambdaFunction> {
  return startIn(inject('packaged').directory, env);
}

/** The same for a function in another directory: a copy, or one built by the test. */
export async function startIn(
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<LambdaFunction> {
  const lambda = await startFunction({ directory, env: { LIVEKIT_SECRET_ID: secretName, ...env } });
  onTestFinished(lambda.stop);
  return lambda;
}

/**
 * Stops it for this long, as Lambda does between requests.
 *
 * @param meanwhile is called when it has stopped
 * @returns when it went on
 */
export async function freezeFor(lambda: LambdaFunction, ms: number, meanwhile = () => {}): Promise<number> {
  lambda.freeze();
  const until = Date.now() + ms;
  meanwhile();
  await vi.waitUntil(() => Date.now() > until, { timeout: ms + 15_000 });
  lambda.thaw();
  return until;
}

/** A Secrets Manager that holds the credentials, or another secret, and ends with the test. */
export async function startStore(
  options: { region?: string; secret?: string } = {},
): Promise<SecretsManagerStandIn> {
  const { secret = JSON.stringify(credentials), ...others } = options;
  const store = await startSecretsManager(others);
  onTestFinished(store.close);
  store.put(secretName, secret);
  return store;
}

/** A store, and the variables that lead a function to it. */
interface Reachable {
  environment: Record<'AWS_ENDPOINT_URL_SECRETS_MANAGER', string> & Record<string, string>;
}

/** What a function needs to reach the store over TLS, and to trust it; ends with the test. */
export async function overTls(store: Reachable) {
  const front = await startTlsFront(store.environment.AWS_ENDPOINT_URL_SECRETS_MANAGER);
  onTestFinished(front.close);
  return { ...store.environment, ...front.environment };
}

/** The same, over connections on which what the store sends can be held back. */
export async function overHeldTls(store: Reachable) {
  const environment = await overTls(store);
  const held = await startHoldingProxy(Number(new URL(environment.AWS_ENDPOINT_URL_SECRETS_MANAGER).port));
  const url = `https://localhost:${held.port}`;
  return { held, environment: { ...environment, AWS_ENDPOINT_URL_SECRETS_MANAGER: url } };
}

const responseSchema = v.object({
  statusCode: v.number(),
  headers: v.record(v.string(), v.string()),
  body: v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown())),
});

/** The response to an event, its body parsed. */
export async function respond(lambda: LambdaFunction, event: unknown) {
  const { payload } = await lambda.invoke(event);
  return v.parse(responseSchema, payload);
}
