/** The deployed version, from CloudFormation: the CLI's list shows what was uploaded, not what is in use after a rollback. */
import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import * as v from 'valibot';

export interface DeployedStack {
  /**
   * When the version in use was packaged, in milliseconds since 1970, as `serverless rollback` names it;
   * `undefined` where nothing is deployed yet. Rejects with what AWS says when it can't be read.
   */
  version: () => Promise<number | undefined>;
  /** The endpoint's whole URL. Rejects where the stack has no such output. */
  url: () => Promise<string>;
}

const templateSchema = v.object({
  Resources: v.object({
    // A stack without a function: its first deployment did not finish.
    TokenLambdaFunction: v.optional(
      v.object({
        Properties: v.object({
          Code: v.object({
            // As the CLI names it: serverless/SERVICE/STAGE/MILLISECONDS-ISO/SERVICE.zip
            S3Key: v.pipe(
              v.string(),
              v.regex(/\/\d+-[^/]+\/[^/]+$/),
              v.transform((key) => Number.parseInt(key.split('/').at(-2) ?? '', 10)),
            ),
          }),
        }),
      }),
    ),
  }),
});

export function deployedStack({ stage, region }: { stage: string; region: string }): DeployedStack {
  const client = new CloudFormationClient({ region });
  const ofStack = { StackName: `booky-meeting-token-${stage}` };
  return {
    version: async () => {
      try {
        const { TemplateBody: template = '' } = await client.send(new GetTemplateCommand(ofStack));
        const { Resources: resources } = v.parse(templateSchema, JSON.parse(template));
        return resources.TokenLambdaFunction?.Properties.Code.S3Key;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    url: async () => {
      const { Stacks: stacks = [] } = await client.send(new DescribeStacksCommand(ofStack));
      const output = stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'TokenEndpointUrl');
      if (output?.OutputValue === undefined) {
        throw new Error(`The stack ${ofStack.StackName} has no output TokenEndpointUrl.`);
      }
      return output.OutputValue;
    },
  };
}

/** CloudFormation has no separate error code for this. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof CloudFormationServiceException &&
    error.name === 'ValidationError' &&
    error.message.includes('does not exist')
  );
}
