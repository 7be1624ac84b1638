/** What each deployment test begins with: a separate AWS with a LiveKit server's secret, a user pool, and the service. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { afterAll, expect, vi } from 'vitest';
import { findLiveKit, howToGetLiveKit, startLiveKit } from '../../../local/livekit.ts';
import { freePort } from '../../../local/ports.ts';
import { type MiniStack, startMiniStack } from '../../../scripts/rehearsal/ministack.ts';
import { openService, type Service, type Stack } from '../../../scripts/rehearsal/service.ts';
import { createUserPool, type UserPool } from '../../../scripts/rehearsal/user-pool.ts';

export const secretName = 'booky/livekit';

/** The stage that is deployed. */
export const stage = 'prod';

export interface Cloud extends MiniStack {
  /** The content of the secret: of a LiveKit server that runs. */
  secret: { LIVEKIT_API_KEY: string; LIVEKIT_API_SECRET: string; LIVEKIT_WS_URL: string };
  /** Makes a new version of the secret the current one. */
  putSecret: (value: object) => Promise<unknown>;
  pool: UserPool;
  /** Creates a reader in these clubs, and signs in. @returns the access token */
  signIn: (username: string, clubs: readonly string[]) => Promise<string>;
  service: Service;
  /** The parameters of a deployment that lets readers of the pool into their groups' clubs. */
  parameters: Readonly<Record<string, string>>;
}

/** Ends after the file's tests. */
export async function startCloud(): Promise<Cloud> {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const [apiKey, apiSecret] = ['drill-key', 'drill-secret-0123456789-0123456789-0123456789'];
  const binary = (await findLiveKit(process.env)) ?? expect.fail(howToGetLiveKit);
  const liveKit = await startLiveKit({ binary, port: await freePort(), apiKey, apiSecret });
  ends.push(liveKit.close);
  const ministack = await startMiniStack();
  ends.push(ministack.close);
  const { aws } = ministack;
  const secret = {
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
    LIVEKIT_WS_URL: liveKit.url,
  };
  await aws('secretsmanager create-secret', { name: secretName, 'secret-string': secret });
  const pool = await createUserPool(ministack);
  const service = await openService(ministack, stage);
  ends.push(service.deleteCopy);
  return {
    ...ministack,
    secret,
    putSecret: (value) =>
      aws('secretsmanager put-secret-value', { 'secret-id': secretName, 'secret-string': value }),
    pool,
    signIn: async (username, clubs) =>
      (await (await pool.addReader(username, { name: username, clubs })).signIn()).access,
    service,
    parameters: {
      issuer: pool.issuer,
      audience: pool.audience,
      origins: 'https://booky.example',
      'clubs-claim': 'cognito:groups',
    },
  };
}

const answerSchema = v.looseObject({});

/** Asks the deployed endpoint for a token, as the outside world does. */
export async function askForToken(
  { url }: Pick<Stack, 'url'>,
  request: { bearer: string | undefined; club: string | number },
) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(request.bearer !== undefined && { authorization: `Bearer ${request.bearer}` }),
    },
    body: JSON.stringify({ reading_club_id: request.club }),
  });
  const { status, headers } = response;
  return { status, body: v.parse(answerSchema, await response.json()), headers };
}

/** Changes a file of the service for one deployment. */
export async function withEdit<T>(
  { directory }: Service,
  file: string,
  find: string,
  replace: string,
  deploy: () => Promise<T>,
): Promise<T> {
  const path = join(directory, file);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(find);
  await writeFile(path, text.replaceAll(find, replace));
  try {
    return await deploy();
  } finally {
    await writeFile(path, text);
  }
}

/** Adds these to the function's variables, in a version that readers then get: the next request starts a new environment. */
export async function setVariables(
  { aws }: MiniStack,
  { functionName }: Stack,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const ofFunction = { 'function-name': functionName };
  const { Environment: environment } = v.parse(
    v.object({ Environment: v.object({ Variables: v.record(v.string(), v.string()) }) }),
    await aws('lambda get-function-configuration', ofFunction),
  );
  await aws('lambda update-function-configuration', {
    ...ofFunction,
    environment: { Variables: { ...environment.Variables, ...variables } },
  });
  const version = await aws('lambda publish-version', { ...ofFunction, query: 'Version' });
  await aws('lambda update-alias', {
    ...ofFunction,
    name: 'live',
    'function-version': v.parse(v.string(), version),
  });
}

/** Runs the check as the schedule does. @returns the line with its result, and what is on the log with it */
export async function runCheck({ aws }: MiniStack, { functionName }: Stack) {
  const check = functionName.replace(/token$/, 'check');
  const results = async () => {
    const log = await readLog({ aws }, check);
    return { ...log, lines: log.lines.filter((line) => 'check_failed' in line) };
  };
  const before = (await results()).lines.length;
  await aws('lambda invoke /dev/null', { 'function-name': check });
  return eventually(async () => {
    const { lines, text } = await results();
    expect(lines.length).toBeGreaterThan(before);
    return { result: lines.at(-1), text };
  });
}

/** A function's log: its own lines, parsed, and all of it as text. */
export async function readLog({ aws }: Pick<MiniStack, 'aws'>, functionName: string) {
  const { events } = v.parse(
    v.object({ events: v.array(v.object({ message: v.string() })) }),
    await aws('logs filter-log-events', { 'log-group-name': `/aws/lambda/${functionName}` }),
  );
  const messages = events.map(({ message }) => message);
  return {
    // What MiniStack itself writes (START, END, REPORT) is text.
    lines: messages
      .filter((message) => message.startsWith('{'))
      .map((message) => v.parse(answerSchema, JSON.parse(message))),
    text: messages.join('\n'),
  };
}

/** The log, as soon as this text is in it. */
export function logWith(cloud: MiniStack, { functionName }: Stack, text: string) {
  return eventually(async () => {
    const log = await readLog(cloud, functionName);
    expect(log.text).toContain(text);
    return log;
  });
}

/** A busy machine takes its time. */
export const eventually = <T>(check: () => Promise<T>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 300 });
