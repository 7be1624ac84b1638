/** The start of each deployment test: a separate AWS with the secret in it, and functions to call what is deployed. */
import * as v from 'valibot';
import { vi } from 'vitest';
import { type Aws, anything, awsCommand } from '../../../scripts/rehearsal/aws.ts';
import { type MiniStack, startMiniStack } from '../../../scripts/rehearsal/ministack.ts';
import { type Deployment, deployStack, type Stack } from '../../../scripts/rehearsal/stack.ts';
import { createUserPool } from '../../../scripts/rehearsal/user-pool.ts';

/** The content of the secret unless a test puts another: long enough for a LiveKit that is not on loopback. */
export const secret = {
  LIVEKIT_API_KEY: 'drill-key',
  LIVEKIT_API_SECRET: 'drill-secret-0123456789-0123456789-0123456789',
  LIVEKIT_WS_URL: 'wss://booky.livekit.example',
};

export const secretName = 'booky/livekit';

export interface Cloud {
  ministack: MiniStack;
  aws: Aws;
  /** Makes a new version of the secret the current one. */
  putSecret: (value: object) => Promise<void>;
  deploy: (deployment: Deployment) => Promise<Stack>;
  close: () => Promise<void>;
}

export async function startCloud(value: object = secret): Promise<Cloud> {
  const ministack = await startMiniStack();
  const aws = awsCommand(ministack.environment);
  const text = JSON.stringify(value);
  await aws(['secretsmanager', 'create-secret', '--name', secretName, '--secret-string', text], anything);
  return {
    ministack,
    aws,
    putSecret: async (next) => {
      await aws(
        [
          'secretsmanager',
          'put-secret-value',
          '--secret-id',
          secretName,
          '--secret-string',
          JSON.stringify(next),
        ],
        anything,
      );
    },
    deploy: (deployment) => deployStack(ministack, aws, deployment),
    close: ministack.close,
  };
}

/** A reader who has signed in, and the parameters of a deployment that lets such readers into every club. */
export async function addReader({
  aws,
  ministack,
}: Cloud): Promise<{ bearer: string; parameters: Record<string, string> }> {
  const pool = await createUserPool(aws, ministack.region);
  const reader = await pool.addReader('ana', { name: 'Ana', clubs: [] });
  const { access: bearer } = await reader.signIn();
  const { issuer, audience } = pool;
  return {
    bearer,
    parameters: { issuer, audience, origins: 'https://booky.example', 'open-clubs': 'true' },
  };
}

const answerSchema = v.looseObject({});

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

/** Asks the deployed endpoint for a token, as the outside world does. */
export async function askForToken(
  { url }: Stack,
  request: { bearer?: string; club: string | number },
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(request.bearer !== undefined && { authorization: `Bearer ${request.bearer}` }),
    },
    body: JSON.stringify({ reading_club_id: request.club }),
  });
  return {
    status: response.status,
    body: v.parse(answerSchema, await response.json()),
    headers: response.headers,
  };
}

/** Adds these to the function's variables, in a version that readers then get: the next request starts a new environment. */
export async function setVariables(
  aws: Aws,
  { functionName }: Stack,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const ofFunction = ['--function-name', functionName];
  const configuration = await aws(
    ['lambda', 'get-function-configuration', ...ofFunction],
    v.object({ Environment: v.object({ Variables: v.record(v.string(), v.string()) }) }),
  );
  const environment = { Variables: { ...configuration.Environment.Variables, ...variables } };
  await aws(
    ['lambda', 'update-function-configuration', ...ofFunction, '--environment', JSON.stringify(environment)],
    anything,
  );
  const { Version: version } = await aws(
    ['lambda', 'publish-version', ...ofFunction],
    v.object({ Version: v.string() }),
  );
  await aws(
    ['lambda', 'update-alias', ...ofFunction, '--name', 'live', '--function-version', version],
    anything,
  );
}

/** A function's log: its own lines, parsed, and all of it as text. */
export interface FunctionLog {
  lines: Record<string, unknown>[];
  text: string;
}

/** The log, as soon as this text is in it. */
export function logWith(aws: Aws, stack: Stack, text: string): Promise<FunctionLog> {
  const read = async () => {
    const log = await readLog(aws, stack);
    if (!log.text.includes(text)) throw new Error(`Not in the log: ${text}`);
    return log;
  };
  return vi.waitFor(read, { timeout: 30_000, interval: 200 });
}

/** The log as it is. */
export async function readLog(aws: Aws, { functionName }: Pick<Stack, 'functionName'>): Promise<FunctionLog> {
  const { events } = await aws(
    ['logs', 'filter-log-events', '--log-group-name', `/aws/lambda/${functionName}`],
    v.object({ events: v.array(v.object({ message: v.string() })) }),
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
