/** The front end that docs/front-end.md shows, before the compiler. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeFrontEnd } from '../support/guide.ts';
import { runProgram } from '../support/run-script.ts';

/** What the compiler has to say of the front end; empty when there is nothing. */
const complaintsAbout = async (directory: string) =>
  (await runProgram('node_modules/.bin/tsc', ['-p', directory])).output.trim();

test('the files compile in a front end that has the client as the guide copies it', async () => {
  const { directory, remove } = await writeFrontEnd();
  onTestFinished(remove);
  expect(await complaintsAbout(directory)).toBe('');
  // The copied types are really there, down to the contract's: without them everything would compile.
  const wrong = `import { meetings } from './join';
    const { role } = await meetings.getToken({ reading_club_id: true });
    export const isKing: boolean = role === 'king';`;
  await writeFile(join(directory, 'src', 'wrong.ts'), wrong);
  const complaints = await complaintsAbout(directory);
  expect(complaints).toContain("Type 'true' is not assignable to type 'string | number | null | undefined'");
  expect(complaints).toContain('have no overlap');
});
