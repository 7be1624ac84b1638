/** What is deployed, from CloudFormation: neither the CLI's exit status nor its list of uploads tells it. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import * as v from 'valibot';

/** A version of the service, with its parameters. */
export interface Version {
  /** The name of its package's folder: when it was packaged, as MILLISECONDS-ISO. */
  name: string;
  /** The commit that it was deployed from with `npm run release`; else empty. */
  commit: string;
}

export type Stack =
  /** No version is deployed; a first deployment that did not finish may have left a stack. */
  | { is: 'absent' }
  /** CloudFormation is changing it. */
  | { is: 'busy'; status: string }
  | Deployed;

export interface Deployed {
  is: 'deployed';
  status: string;
  version: Version;
  outputs: ReadonlyMap<string, string>;
}

const templateSchema = v.object({
  Metadata: v.optional(
    v.object({ release: v.optional(v.object({ commit: v.pipe(v.string(), v.regex(/^[0-9a-f]*$/)) })) }),
  ),
  Resources: v.object({
    TokenLambdaFunction: v.optional(
      v.object({
        Properties: v.object({
          // As the CLI names it: serverless/SERVICE/STAGE/MILLISECONDS-ISO/FILE.zip
          Code: v.object({ S3Key: v.pipe(v.string(), v.regex(/\/\d+-[^/]+\/[^/]+$/)) }),
        }),
      }),
    ),
  }),
});

/** Rejects with what AWS says when it can't be read: that is not the same as a stack that is absent. */
export async function readStack(client: CloudFormationClient, stage: string): Promise<Stack> {
  const ofStack = { StackName: `booky-meeting-token-${stage}` };
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand(ofStack));
    const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
    if (/^(DELETE_COMPLETE|REVIEW_IN_PROGRESS)$/.test(status)) return { is: 'absent' };
    if (status.endsWith('_IN_PROGRESS')) return { is: 'busy', status };
    const { TemplateBody: template = '' } = await client.send(new GetTemplateCommand(ofStack));
    const outputs = (stack?.Outputs ?? []).map(
      ({ OutputKey: key = '', OutputValue: value = '' }) => [key, value] as const,
    );
    const version = versionIn(template);
    // A stack whose creation failed has its template, but no resources.
    if (version === undefined || /^(ROLLBACK|CREATE_FAILED)/.test(status)) return { is: 'absent' };
    return { is: 'deployed', status, version, outputs: new Map(outputs) };
  } catch (error) {
    if (isMissing(error)) return { is: 'absent' };
    throw error;
  }
}

function versionIn(template: string): Version | undefined {
  const { Metadata: metadata, Resources: resources } = v.parse(templateSchema, JSON.parse(template));
  const key = resources.TokenLambdaFunction?.Properties.Code.S3Key;
  if (key === undefined) return undefined;
  return { name: key.split('/').at(-2) ?? '', commit: metadata?.release?.commit ?? '' };
}

/** CloudFormation has no separate error code for this. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof CloudFormationServiceException &&
    error.name === 'ValidationError' &&
    error.message.includes('does not exist')
  );
}

/** The longest that an update and its undoing take here, in milliseconds, with much to spare. */
const longestUpdateMs = 20 * 60_000;

/** The stack as soon as CloudFormation leaves it alone; `busy` where that takes longer than 20 minutes. */
export async function settledStack(client: CloudFormationClient, stage: string): Promise<Stack> {
  const deadline = Date.now() + longestUpdateMs;
  // As often as the CLI asks.
  const pauseMs = Number(process.env['SLS_AWS_MONITORING_FREQUENCY']) || 5_000;
  for (let isFirst = true; ; isFirst = false) {
    const stack = await readStack(client, stage);
    if (stack.is !== 'busy' || Date.now() > deadline) return stack;
    if (isFirst) console.error(`CloudFormation is still changing the stack (${stack.status}): waiting.`);
    await delay(pauseMs);
  }
}

/** When a version was packaged, in milliseconds since 1970: so `serverless rollback` calls it. */
export function timestampOf({ name }: Pick<Version, 'name'>): number {
  return Number.parseInt(name, 10);
}

/** When the version was packaged, and from which commit. */
export function labelOf(version: Version): string {
  const of = version.commit === '' ? '' : ` (commit ${version.commit.slice(0, 7)})`;
  return `the version of ${new Date(timestampOf(version)).toISOString()}${of}`;
}

/** What is in place, as a sentence. */
export function sentenceOf(stack: Stack): string {
  if (stack.is === 'busy') {
    return `CloudFormation is still changing the stack (${stack.status}): which version will be in place is not known yet.`;
  }
  if (stack.is === 'absent') return 'Nothing is deployed.';
  const label = labelOf(stack.version);
  return stack.status.endsWith('_FAILED')
    ? `CloudFormation stopped half-way (${stack.status}): in place is ${label}, or parts of another. The stack’s events say why.`
    : `In place is ${label}.`;
}
