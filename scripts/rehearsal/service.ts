/** The real service, and the real CLI that deploys it to an AWS on this machine. */
import * as v from 'valibot';
import { copyService } from '../../deploy/service-copy.ts';
import type { MiniStack } from './ministack.ts';
import { RehearsalFault } from './tools.ts';

export type Stack = Awaited<ReturnType<typeof describeStack>>;

type Parameters = Readonly<Record<string, string>>;

export type Service = Awaited<ReturnType<typeof openService>>;

/** A copy of the service as it is in the working tree, for one stage. */
export async function openService(ministack: MiniStack, stage: string) {
  const copy = await copyService();
  /** Runs the CLI, with these credentials in place of the root user's; does not reject if the exit code is not 0. */
  const serverless = (
    args: readonly string[],
    parameters: Parameters,
    environment: NodeJS.ProcessEnv = ministack.environment,
  ) =>
    copy.serverless([...args, '--stage', stage, ...asArguments(parameters)], {
      ...environment,
      // In milliseconds: this cloud builds everything at once, so frequent polling costs nothing.
      SLS_AWS_MONITORING_FREQUENCY: '200',
    });
  /** @throws {RehearsalFault} with the CLI's message when it fails */
  const run = async (command: string, parameters: Parameters) => {
    const { exitCode, output } = await serverless([command], parameters);
    if (exitCode !== 0) throw new RehearsalFault(`serverless ${command} failed: ${output.trim()}`);
  };
  return {
    directory: copy.directory,
    serverless,
    deploy: async (parameters: Parameters) => {
      await run('deploy', parameters);
      return describeStack(ministack, stage);
    },
    /** With parameters as good as those of a deployment. */
    remove: (parameters: Parameters) => run('remove', parameters),
    deleteCopy: copy.remove,
  };
}

/** Parameters as the CLI takes them. */
export function asArguments(parameters: Parameters): string[] {
  return Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
}

const outputsSchema = v.array(v.object({ OutputKey: v.string(), OutputValue: v.string() }));

/** What is deployed as this stage. */
export async function describeStack({ url, aws }: MiniStack, stage: string) {
  const name = `booky-meeting-token-${stage}`;
  const described = await aws('cloudformation describe-stacks', {
    'stack-name': name,
    query: 'Stacks[0].Outputs',
  });
  const outputs = new Map(
    v.parse(outputsSchema, described).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
  const apiId = outputs.get('HttpApiId') ?? '';
  return {
    name,
    functionName: `${name}-token`,
    /** The id of the HTTP API. */
    apiId,
    /** The deployed endpoint's URL on this machine. */
    url: `${url}/_aws/execute-api/${apiId}/$default/api/reading-clubs/meetings/token`,
    /** The values of the stack's outputs by their names. */
    outputs,
  };
}
