/** Deploys a version, judges it by its checks, and goes back to one that has passed them. It says what is in place after each step. */
import process from 'node:process';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { type Check, crossesIn, namedCrosses } from '../../token-check/check.ts';
import { BadUse } from '../checks/command.ts';
import { type Deployment, endServerless, serverless } from './cli.ts';
import { currentCommit } from './commit.ts';
import { compare, faultOfBearer } from './judge.ts';
import { passedVersions } from './passed-versions.ts';
import {
  type Deployed,
  isBusy,
  isDeployed,
  labelOf,
  readStack,
  type Stack,
  sentenceOf,
  settledStack,
  timestampOf,
} from './stack.ts';

export class Releaser {
  readonly #deployment: Deployment;
  readonly #cloudFormation: CloudFormationClient;
  readonly #s3: S3Client;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.#cloudFormation = new CloudFormationClient(deployment);
    this.#s3 = new S3Client(deployment);
  }

  /**
   * What is in place before anything is done.
   *
   * @throws {BadUse} when that can't be read, or while CloudFormation is changing it
   */
  async look(): Promise<Stack> {
    const stack = await readStack(this.#cloudFormation, this.#deployment.stage).catch((error) => {
      throw new BadUse(`Nothing was done, because the stack can’t be read: ${messageOf(error)}`);
    });
    if (!isBusy(stack)) return stack;
    throw new BadUse(`Nothing was done, because another deployment is under way (${stack.status}).`);
  }

  /**
   * Runs what may change the stack: it does not reject, and when the process is asked to end, it ends the CLI and says what is
   * in place.
   */
  async run(work: () => Promise<boolean>): Promise<boolean> {
    let isInterrupted = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, async () => {
        // Ctrl-C comes twice: from the terminal, and from npm.
        if (isInterrupted) return;
        isInterrupted = true;
        await endServerless();
        const stack = readStack(this.#cloudFormation, this.#deployment.stage);
        console.error(`Interrupted: nothing more is done. ${await stack.then(sentenceOf, unknown)}`);
        process.exit(1);
      });
    }
    try {
      return await work();
    } catch (error) {
      console.error(messageOf(error));
      return false;
    }
  }

  /**
   * Deploys the working directory.
   *
   * @returns what is in place, if that is the new version, whatever the CLI says
   */
  async deploy(before: Stack): Promise<Deployed | undefined> {
    const old = before.version?.name;
    const commit = await currentCommit();
    const isDone = await serverless(['deploy', ...this.#deployment.args], { RELEASE_COMMIT: commit });
    const stack = await this.#settled();
    if (isDeployed(stack)) {
      const { version } = stack;
      const isOurs = version.commit === commit || (this.#deployment.isPackaged && version.commit === '');
      const isNew = version.name !== old && isOurs;
      if (isNew && !isDone) console.error('The command failed, but the new version is in place.');
      // Or the CLI had nothing to change.
      if (isNew || (isDone && version.name === old)) return stack;
    }
    console.error(`The new version is not in place. ${sentenceOf(stack)}`);
    return undefined;
  }

  /**
   * Judges the version that was deployed: keeps it if it passes its checks, and goes back if it does worse than the one before.
   *
   * @param name the version; any other that is in place by now is left alone
   * @param before the checks of the version before; empty where there was none
   * @param after those of this version; `undefined` where they could not be made
   * @returns whether it passed, or what is in place after going back
   */
  async conclude(
    name: string,
    before: readonly Check[],
    after: readonly Check[] | undefined,
  ): Promise<boolean | Deployed> {
    const stack = await this.#settled();
    if (!isDeployed(stack) || stack.version.name !== name) {
      console.error(`Another deployment has replaced the new version. ${sentenceOf(stack)}`);
      return false;
    }
    const fault = after === undefined ? 'the checks could not be made' : faultOfBearer(after);
    if (after === undefined || fault !== undefined) {
      console.error(`The new version is in place, and unchecked: ${fault}.`);
      return false;
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
      return true;
    }
    const { worse, known, untold } = compare(before, after);
    if (worse.length === 0) {
      console.error('The new version is in place.');
      if (known.length > 0) console.error(`Wrong before, and not its fault: ${namedCrosses(known)}.`);
      if (untold.length > 0)
        console.error(`It can’t be told whether this was wrong before: ${namedCrosses(untold)}.`);
      return false;
    }
    console.error(`The new version fails its checks: ${namedCrosses(worse)}.`);
    return (await this.goBack(stack, true)) ?? false;
  }

  /**
   * Goes back to the newest version that has passed its checks, but for the one in place; returns what is in place if that worked.
   *
   * @param isAgain whether to leave a version that was itself gone back to: else a command that runs twice would leave a good one
   */
  async goBack(stack: Deployed, isAgain: boolean): Promise<Deployed | undefined> {
    const label = labelOf(stack.version);
    const name = await this.#preparePassed(stack, isAgain).catch((error) => {
      throw new Error(`Going back has failed (${messageOf(error)}): ${label} stays in place.`);
    });
    if (name === undefined) {
      console.error(`No other version has passed its checks: ${label} stays in place.`);
      return undefined;
    }
    const timestamp = String(timestampOf({ name }));
    await serverless(['rollback', ...this.#deployment.rollbackArgs, '--timestamp', timestamp]);
    const now = await this.#settled();
    const isBack = isDeployed(now) && now.version.name === name;
    console.error(`${isBack ? 'Gone back.' : 'Going back has failed.'} ${sentenceOf(now)}`);
    return isBack ? now : undefined;
  }

  /** The version to go back to, with its package where the CLI looks for it. */
  async #preparePassed(stack: Deployed, isAgain: boolean): Promise<string | undefined> {
    const passed = this.#passed(stack);
    const [left = ''] = await passed.list('left');
    if (!isAgain && timestampOf({ name: left }) > timestampOf(stack.version)) {
      throw new Error('it was gone back to already; to leave it too, add "-- --again"');
    }
    const name = (await passed.list('passed')).find((other) => other !== stack.version.name);
    if (name === undefined) return undefined;
    await passed.restore(name);
    // Whatever happens from now on, the version that is left is not gone back to.
    await passed.leave(stack.version.name);
    return name;
  }

  #settled(): Promise<Stack> {
    return settledStack(this.#cloudFormation, this.#deployment.stage).catch((error) => {
      throw new Error(unknown(error));
    });
  }

  #passed({ outputs }: Stack) {
    const bucket = outputs.get('ServerlessDeploymentBucketName') ?? '';
    return passedVersions(this.#s3, bucket, this.#deployment.stage);
  }
}

const unknown = (error: unknown) =>
  `Which version is in place is not known, because the stack can’t be read: ${messageOf(error)}`;

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
