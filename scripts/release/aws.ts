/** The clients of AWS, with the credentials that the CLI takes: one account for both. */
import { createRequire } from 'node:module';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Deployment } from './deployment.ts';

/** How the CLI finds credentials: by `--aws-profile`, by variables of the stage, or as every AWS tool. */
const cli: {
  getAwsSdkV3CredentialsProvider: (of: {
    provider: { getStage: () => string; options: { 'aws-profile': string | undefined } };
  }) => NonNullable<S3ClientConfig['credentials']>;
} = createRequire(import.meta.url)('serverless/lib/aws/credentials.js');

export interface AwsClients {
  cloudFormation: CloudFormationClient;
  s3: S3Client;
}

export function awsClients({ stage, region, profile }: Deployment): AwsClients {
  const credentials = cli.getAwsSdkV3CredentialsProvider({
    provider: { getStage: () => stage, options: { 'aws-profile': profile } },
  });
  return {
    cloudFormation: new CloudFormationClient({ region, credentials }),
    s3: new S3Client({ region, credentials }),
  };
}
