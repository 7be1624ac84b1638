/** What is deployed, from CloudFormation: neither the CLI's exit status nor its list of uploads tells it. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CloudFormationClient,
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

export interface Stack {
  /** CloudFormation's, such as UPDATE_COMPLETE; empty without a stack. */
  status: string;
  /** The version in place. A first deployment that did not finish may have left a stack without one. */
  version?: Version;
  outputs: ReadonlyMap<string, string>;
}

/** A stack with a version in place, which CloudFormation is not changing. */
export type Deployed = Stack & { version: Version };

export const isDeployed = (stack: Stack): stack is Deployed => stack.version !== undefined;

export const isBusy = ({ status }: Stack) => status.endsWith('_IN_PROGRESS');

/** Of a stack that never had a version in place. */
const ofNone = /^(|DELETE_COMPLETE|REVIEW_IN_PROGRESS|CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED)$/;

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
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand(ofStack)).catch((error) => {
    // CloudFormation has no separate error code for this.
    if (error.name === 'ValidationError' && error.message.includes('does not exist')) return { Stacks: [] };
    throw error;
  });
  const { StackStatus = '', Outputs = [] } = stack ?? {};
  const status = ofNone.test(StackStatus) ? '' : StackStatus;
  const outputs = new Map(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  if (status === '' || isBusy({ status, outputs })) return { status, outputs };
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand(ofStack));
  const { Metadata, Resources } = v.parse(templateSchema, JSON.parse(TemplateBody));
  const name = Resources.TokenLambdaFunction?.Properties.Code.S3Key.split('/').at(-2);
  if (name === undefined) return { status, outputs };
  return { status, outputs, version: { name, commit: Metadata?.release?.commit ?? '' } };
}

/** The stack as soon as CloudFormation leaves it alone. */
export async function settledStack(client: CloudFormationClient, stage: string): Promise<Stack> {
  let stack = await readStack(client, stage);
  if (isBusy(stack)) console.error(`CloudFormation is still changing the stack (${stack.status}): waiting.`);
  while (isBusy(stack)) {
    // As often as the CLI asks.
    await delay(Number(process.env['SLS_AWS_MONITORING_FREQUENCY']) || 5_000);
    stack = await readStack(client, stage);
  }
  return stack;
}

/** When a version was packaged, in milliseconds since 1970: so `serverless rollback` calls it. */
export const timestampOf = ({ name }: Pick<Version, 'name'>) => Number.parseInt(name, 10);

/** When the version was packaged, and from which commit. */
export function labelOf(version: Version): string {
  const of = version.commit === '' ? '' : ` (commit ${version.commit.slice(0, 7)})`;
  return `the version of ${new Date(timestampOf(version)).toISOString()}${of}`;
}

/** What is in place, as a sentence. */
export function sentenceOf(stack: Stack): string {
  const { status } = stack;
  if (isBusy(stack)) {
    return `CloudFormation is still changing the stack (${status}): which version will be in place is not known yet.`;
  }
  if (!isDeployed(stack)) return 'Nothing is deployed.';
  return status.endsWith('_FAILED')
    ? `CloudFormation stopped half-way (${status}): in place is ${labelOf(stack.version)}, or parts of another. The stack’s events say why.`
    : `In place is ${labelOf(stack.version)}.`;
}
