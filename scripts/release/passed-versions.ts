/**
 * The versions that passed their checks, with their packages, in the deployment bucket: there the CLI's clean-up and its next
 * deployments leave them alone, and the stack's removal deletes them.
 */
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';

/** How many are kept: the one in place, and some to go back to if it turns out to be wrong all the same. */
const kept = 3;

/** Without it the CLI does not see a package: it is copied last. */
const template = '/compiled-cloudformation-template.json';

export class PassedVersions {
  readonly #s3: S3Client;
  readonly #bucket: string;
  /** Where the CLI puts the packages of the stage. */
  readonly #folder: string;

  constructor(s3: S3Client, bucket: string, stage: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#folder = `serverless/booky-meeting-token/${stage}`;
  }

  /** Their names, newest first. */
  async list(): Promise<string[]> {
    const keys = await this.#keys(`${this.#folder}/passed/`);
    const names = keys.flatMap((key) => (key.endsWith(template) ? (key.split('/').at(-2) ?? []) : []));
    return names.toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  }

  /** Keeps a version, and lets go of the oldest. */
  async keep(name: string): Promise<void> {
    await this.#copy(name, `passed/${name}`);
    for (const old of (await this.list()).slice(kept)) await this.forget(old);
  }

  /** From now on it is not gone back to. */
  async forget(name: string): Promise<void> {
    const keys = await this.#keys(`${this.#folder}/passed/${name}/`);
    if (keys.length === 0) return;
    const objects = { Bucket: this.#bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } };
    const { Errors: [error] = [] } = await this.#s3.send(new DeleteObjectsCommand(objects));
    if (error !== undefined) throw new Error(`${error.Key} could not be deleted: ${error.Message}`);
  }

  /** Puts a version's package back to where the CLI looks for it, in case its clean-up deleted it. */
  async restore(name: string): Promise<void> {
    await this.#copy(`passed/${name}`, name);
  }

  async #copy(from: string, to: string): Promise<void> {
    const source = `${this.#folder}/${from}`;
    const keys = await this.#keys(`${source}/`);
    if (!keys.includes(source + template)) throw new Error(`there is no package in ${source}`);
    for (const key of [...keys.filter((name) => name !== source + template), source + template]) {
      await this.#s3.send(
        new CopyObjectCommand({
          Bucket: this.#bucket,
          CopySource: encodeURI(`${this.#bucket}/${key}`),
          Key: `${this.#folder}/${to}${key.slice(source.length)}`,
        }),
      );
    }
  }

  async #keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.#bucket, Prefix: prefix });
    for await (const { Contents: objects = [] } of pages)
      keys.push(...objects.flatMap(({ Key }) => Key ?? []));
    return keys;
  }
}
