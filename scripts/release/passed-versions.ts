/**
 * The versions that passed their checks, with their packages, in the deployment bucket: there the CLI's clean-up and its next
 * deployments leave them alone, and the stack's removal deletes them.
 */
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { timestampOf } from './stack.ts';

/** How many are kept: the one in place, and some to go back to if it turns out to be wrong all the same. */
const kept = 3;

/** Without it the CLI does not see a package: it is copied last. */
const template = '/compiled-cloudformation-template.json';
const isTemplate = (key: string) => key.endsWith(template);

export function passedVersions(s3: S3Client, Bucket: string, stage: string) {
  /** Where the CLI puts the packages of the stage. */
  const folder = `serverless/booky-meeting-token/${stage}`;

  /** One page has room for 1,000 keys: a version has a handful. */
  const keysIn = async (name: string) => {
    const within = { Bucket, Prefix: `${folder}/${name}/` };
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command(within));
    return objects.flatMap(({ Key }) => Key ?? []);
  };

  const copy = async (from: string, to: string) => {
    const keys = await keysIn(from);
    if (!keys.some(isTemplate)) throw new Error(`there is no package in ${folder}/${from}`);
    for (const key of keys.toSorted((a, b) => Number(isTemplate(a)) - Number(isTemplate(b)))) {
      const Key = key.replace(`/${from}/`, `/${to}/`);
      await s3.send(new CopyObjectCommand({ Bucket, CopySource: encodeURI(`${Bucket}/${key}`), Key }));
    }
  };

  const list = async (kind: 'passed' | 'left') =>
    (await keysIn(kind))
      .filter(isTemplate)
      .map((key) => key.split('/').at(-2) ?? '')
      .toSorted((a, b) => timestampOf({ name: b }) - timestampOf({ name: a }));

  const forget = async (name: string) => {
    const Objects = (await keysIn(`passed/${name}`)).map((Key) => ({ Key }));
    if (Objects.length === 0) return;
    const { Errors: [error] = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    if (error !== undefined) throw new Error(`${error.Key} could not be deleted: ${error.Message}`);
  };

  return {
    /** The names of those that passed, or of those that were left, newest first. */
    list,
    /** From now on this version is not gone back to. */
    leave: async (name: string) => {
      const Key = `${folder}/left/${name}${template}`;
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: '{}' }));
      await forget(name);
    },
    /** Keeps a version, and lets go of the oldest. */
    keep: async (name: string) => {
      await copy(name, `passed/${name}`);
      for (const old of (await list('passed')).slice(kept)) await forget(old);
    },
    /** Puts a version's package back to where the CLI looks for it, in case its clean-up deleted it. */
    restore: (name: string) => copy(`passed/${name}`, name),
  };
}
