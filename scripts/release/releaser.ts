/** Deploys a version, judges it by its checks, and goes back to one that has passed them. It says what is in place after each step. */
import process from 'node:process';
import { type Check, crossesIn, namedCrosses } from '../../token-check/check.ts';
import { BadUse } from '../checks/command.ts';
import { type AwsClients, awsClients } from './aws.ts';
import { endServerless, serverless } from './cli.ts';
import { currentCommit } from './commit.ts';
import type { Deployment } from './deployment.ts';
import { faultOfBearer, worseThan } from './judge.ts';
import { PassedVersions } from './passed-versions.ts';
import {
  type Deployed,
  labelOf,
  readStack,
  type Stack,
  sentenceOf,
  settledStack,
  timestampOf,
} from './stack.ts';

export class Releaser {
  readonly #deployment: Deployment;
  readonly #aws: AwsClients;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.#aws = awsClients(deployment);
  }

  /**
   * What is in place before anything is done.
   *
   * @throws {BadUse} when that can't be read, or while CloudFormation is changing it
   */
  async look(): Promise<Exclude<Stack, { is: 'busy' }>> {
    const stack = await readStack(this.#aws.cloudFormation, this.#deployment.stage).catch((error) => {
      throw new BadUse(`Nothing was done, because the stack can’t be read: ${messageOf(error)}`);
    });
    if (stack.is !== 'busy') return stack;
    throw new BadUse(`Nothing was done, because another deployment is under way (${stack.status}).`);
  }

  /**
   * Runs what may change the stack: it does not reject, and when the process is asked to end, it ends the CLI and says what is
   * in place.
   */
  async run(work: () => Promise<'well' | 'wrong'>): Promise<'well' | 'wrong'> {
    let isInterrupted = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, async () => {
        // Ctrl-C comes twice: from the terminal, and from npm.
        if (isInterrupted) return;
        isInterrupted = true;
        await endServerless();
        const stack = readStack(this.#aws.cloudFormation, this.#deployment.stage);
        console.error(`Interrupted: nothing more is done. ${await stack.then(sentenceOf, unknown)}`);
        process.exit(1);
      });
    }
    try {
      return await work();
    } catch (error) {
      console.error(messageOf(error));
      return 'wrong';
    }
  }

  /**
   * Deploys the working directory.
   *
   * @returns what is in place, if that is the new version, whatever the CLI says
   */
  async deploy(before: Stack): Promise<Deployed | undefined> {
    const old = before.is === 'deployed' ? before.version : undefined;
    const commit = await currentCommit();
    const isDone = await serverless(['deploy', ...this.#deployment.args], { RELEASE_COMMIT: commit });
    const stack = await this.#settled();
    if (stack.is === 'deployed') {
      const isNew = stack.version.name !== old?.name && stack.version.commit === commit;
      if (isNew && !isDone) console.error('The command failed, but the new version is in place.');
      // Or the CLI had nothing to change.
      if (isNew || (isDone && stack.version.name === old?.name)) return stack;
    }
    console.error(`The new version is not in place. ${sentenceOf(stack)}`);
    return undefined;
  }

  /**
   * Judges the version that was deployed, and keeps it if it passes its checks.
   *
   * @param before the checks of the version before; empty where there was none
   * @param after those of this version; `undefined` where they could not be made
   * @returns `worse` if it does worse than the version before
   */
  async judge(
    { version: { name } }: Deployed,
    before: readonly Check[],
    after: readonly Check[] | undefined,
  ): Promise<'passed' | 'stays' | 'worse'> {
    const stack = await this.#settled();
    if (stack.is !== 'deployed' || stack.version.name !== name) {
      console.error(`Another deployment has replaced the new version. ${sentenceOf(stack)}`);
      return 'stays';
    }
    const fault = after === undefined ? 'the checks could not be made' : faultOfBearer(after);
    if (after === undefined || fault !== undefined) {
      console.error(`The new version is in place, and unchecked: ${fault}.`);
      return 'stays';
    }
    if (crossesIn(after).length === 0) {
      console.error('The new version is in place, and passes its checks.');
      await this.#passed(stack)
        .keep(name)
        .catch((error) => {
          throw new Error(
            `No release can go back to it: its package could not be kept (${messageOf(error)}).`,
          );
        });
      return 'passed';
    }
    const worse = worseThan(before, after);
    if (worse.length > 0) {
      console.error(`The new version fails its checks: ${namedCrosses(worse)}.`);
      return 'worse';
    }
    console.error(
      `The new version is in place. What is wrong was wrong before, and is not its fault: ${namedCrosses(after)}.`,
    );
    return 'stays';
  }

  /** Goes back to the newest version that has passed its checks, but for the one in place; returns what is in place if that worked. */
  async goBack(stack: Deployed): Promise<Deployed | undefined> {
    const { version } = stack;
    const name = await this.#prepareGoingBack(stack).catch((error) => {
      throw new Error(`Going back has failed (${messageOf(error)}): ${labelOf(version)} stays in place.`);
    });
    if (name === undefined) {
      console.error(`No other version has passed its checks: ${labelOf(version)} stays in place.`);
      return undefined;
    }
    const timestamp = String(timestampOf({ name }));
    await serverless(['rollback', ...this.#deployment.rollbackArgs, '--timestamp', timestamp]);
    const now = await this.#settled();
    const isBack = now.is === 'deployed' && now.version.name === name;
    console.error(`${isBack ? 'Gone back.' : 'Going back has failed.'} ${sentenceOf(now)}`);
    return isBack ? now : undefined;
  }

  /** The version to go back to, with its package where the CLI looks for it. */
  async #prepareGoingBack(stack: Deployed): Promise<string | undefined> {
    const passed = this.#passed(stack);
    const name = (await passed.list()).find((other) => other !== stack.version.name);
    if (name === undefined) return undefined;
    await passed.restore(name);
    // Whatever happens from now on, the version that is left is not gone back to.
    await passed.forget(stack.version.name);
    return name;
  }

  #settled(): Promise<Stack> {
    return settledStack(this.#aws.cloudFormation, this.#deployment.stage).catch((error) => {
      throw new Error(unknown(error));
    });
  }

  #passed({ outputs }: Pick<Deployed, 'outputs'>): PassedVersions {
    const bucket = outputs.get('ServerlessDeploymentBucketName') ?? '';
    return new PassedVersions(this.#aws.s3, bucket, this.#deployment.stage);
  }
}

function unknown(error: unknown): string {
  return `Which version is in place is not known, because the stack can’t be read: ${messageOf(error)}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
