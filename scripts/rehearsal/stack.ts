/** The real `serverless deploy` of the real service, to an AWS on this machine. */
import * as v from 'valibot';
import { copyService } from '../../deploy/service-copy.ts';
import type { Aws } from './aws.ts';
import type { MiniStack } from './ministack.ts';
import { RehearsalFault } from './tools.ts';

const service = 'booky-meeting-token';

const outputsSchema = v.object({
  Stacks: v.tuple([
    v.object({ Outputs: v.array(v.object({ OutputKey: v.string(), OutputValue: v.string() })) }),
  ]),
});

export interface Stack {
  name: string;
  functionName: string;
  /** The id of the HTTP API. */
  apiId: string;
  /** The deployed endpoint's URL on this machine. */
  url: string;
  /** The value of one of the stack's outputs. */
  output: (key: string) => string | undefined;
}

export interface Deployment {
  stage: string;
  /** The deployment's parameters by name. */
  parameters: Readonly<Record<string, string>>;
}

/**
 * Deploys a copy of the service as it is in the working tree.
 *
 * @throws {RehearsalFault} with the CLI's message when it fails.
 */
export async function deployStack(
  ministack: MiniStack,
  aws: Aws,
  { stage, parameters }: Deployment,
): Promise<Stack> {
  await serverless(ministack, [
    'deploy',
    '--stage',
    stage,
    ...Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
  ]);
  return describeStack(ministack, aws, stage);
}

/** What is deployed as this stage. */
export async function describeStack({ url }: MiniStack, aws: Aws, stage: string): Promise<Stack> {
  const name = `${service}-${stage}`;
  const { Stacks: stacks } = await aws(
    ['cloudformation', 'describe-stacks', '--stack-name', name],
    outputsSchema,
  );
  const output = (key: string) => stacks[0].Outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  const apiId = output('HttpApiId') ?? '';
  return {
    name,
    functionName: `${name}-token`,
    apiId,
    url: `${url}/_aws/execute-api/${apiId}/$default/api/reading-clubs/meetings/token`,
    output,
  };
}

/** `serverless remove`, whose parameters must be as good as those of a deployment. */
export async function removeStack(ministack: MiniStack, { stage, parameters }: Deployment): Promise<void> {
  await serverless(ministack, [
    'remove',
    '--stage',
    stage,
    ...Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
  ]);
}

async function serverless({ environment }: MiniStack, args: readonly string[]): Promise<string> {
  const copy = await copyService();
  try {
    const { exitCode, output } = await copy.serverless(args, {
      ...environment,
      // In milliseconds: this cloud builds everything at once, so frequent polling costs nothing.
      SLS_AWS_MONITORING_FREQUENCY: '200',
    });
    if (exitCode !== 0) throw new RehearsalFault(`serverless ${args[0]} failed: ${output.trim()}`);
    return output;
  } finally {
    await copy.remove();
  }
}
