/** A deployment with a wrong or missing parameter: nothing of it reaches the cloud. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployStack } from '../../scripts/rehearsal/stack.ts';
import { type Cloud, startCloud } from './support/cloud.ts';

const parameters = {
  issuer: 'https://login.booky.example',
  audience: 'web',
  origins: 'https://booky.example',
  'clubs-claim': 'cognito:groups',
};

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud?.close());

const { issuer: _, ...withoutIssuer } = parameters;
const { 'clubs-claim': __, ...withoutClubs } = parameters;

test.each<[string, Record<string, string>, string]>([
  ['a missing parameter', withoutIssuer, "The parameter 'issuer' is missing for stage 'prod'"],
  [
    'open clubs that were not requested',
    withoutClubs,
    "The parameter 'clubs-claim' is missing for stage 'prod'",
  ],
  ['a wrong parameter', { ...parameters, origins: '*' }, `The parameter 'origins' is "*": it should be`],
  ['a misspelt parameter', { ...parameters, scope: 'openid' }, "There is no parameter 'scope'"],
])('%s is refused, and nothing is deployed', async (_case, given, message) => {
  await expect(deployStack(cloud.ministack, cloud.aws, { stage: 'prod', parameters: given })).rejects.toThrow(
    message,
  );

  const { StackSummaries: stacks } = await cloud.aws(
    ['cloudformation', 'list-stacks'],
    v.object({ StackSummaries: v.array(v.unknown()) }),
  );
  expect(stacks).toStrictEqual([]);
});
