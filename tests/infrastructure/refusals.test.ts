/** How the CLI itself refuses parameters: before anything is built, and in one sentence. Every rule is in parameters.test.ts. */
import { expect, test } from 'vitest';
import { asArguments, packageRefused, requiredParameters } from './support/packaged.ts';

test.each([
  [
    'a missing parameter',
    [],
    "The parameter 'issuer' is missing for stage 'prod': it should be the JWT issuer",
  ],
  [
    'a wrong one',
    asArguments({ ...requiredParameters, origins: '*' }),
    `The parameter 'origins' is "*": it should be one to 100 web origins`,
  ],
  [
    'a misspelt one',
    asArguments({ isuer: 'https://login.booky.example' }),
    "There is no parameter 'isuer': it should probably be 'issuer'.",
  ],
  [
    'one that is given twice',
    [...asArguments(requiredParameters), ...asArguments({ issuer: 'https://other.example' })],
    "The parameter 'issuer' is given twice",
  ],
])('%s is refused, and nothing is packaged', async (_, parameters, message) => {
  const { output, isAnythingPackaged } = await packageRefused(['--stage', 'prod', ...parameters]);
  expect(output).toContain(message);
  // One sentence, no stack.
  expect(output).not.toMatch(/^\s+at /m);
  expect(isAnythingPackaged).toBe(false);
});
