/** The arguments with which a stage is deployed: the CLI's own, of which a rollback takes only some. */
import { createRequire } from 'node:module';
import process from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { BadUse } from '../checks/command.ts';

export interface Deployment {
  stage: string;
  region: string;
  /** A profile of AWS's configuration files, if one is named. */
  profile: string | undefined;
  /** For `serverless deploy`. */
  args: readonly string[];
  /** Those of them that `serverless rollback` takes. */
  rollbackArgs: readonly string[];
}

interface CliOption {
  type: 'string' | 'boolean' | 'multiple';
  shortcut?: string;
}

/** What the commands of the CLI take, from its own schema: it refuses all else. */
const commands: ReadonlyMap<string, { options: Record<string, CliOption> }> = createRequire(import.meta.url)(
  'serverless/lib/cli/commands-schema/aws-service.js',
);

const ofDeploy = commands.get('deploy')?.options ?? {};
const ofRollback = commands.get('rollback')?.options ?? {};

const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
  Object.entries(ofDeploy).map(([name, { type, shortcut }]) => [
    name,
    {
      type: type === 'boolean' ? type : ('string' as const),
      multiple: type === 'multiple',
      ...(shortcut !== undefined && { short: shortcut }),
    },
  ]),
);

/** @throws {BadUse} for an option that `serverless deploy` does not take, and without a stage */
export function readDeployment(args: readonly string[]): Deployment {
  const { values, tokens } = parse(args);
  const { stage, region = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || 'eu-central-1' } =
    values;
  const profile = values['aws-profile'];
  if (typeof stage !== 'string' || typeof region !== 'string') throw new BadUse('--stage is required.');
  return {
    stage,
    region,
    profile: typeof profile === 'string' ? profile : undefined,
    args,
    rollbackArgs: tokens.flatMap((token) => {
      if (token.kind !== 'option' || !(token.name in ofRollback)) return [];
      return token.value === undefined ? [`--${token.name}`] : [`--${token.name}=${token.value}`];
    }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, tokens: true });
  } catch (error) {
    if (error instanceof TypeError) throw new BadUse(error.message);
    throw error;
  }
}
