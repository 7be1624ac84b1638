/** `npm run openapi`: brings docs/openapi.yaml up to date with the code, and names what only a person can add to it. */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { currentDocument, documentPath, undescribedCodes } from './openapi/document.ts';

const document = await currentDocument();
await writeFile(documentPath, document);
for (const code of undescribedCodes(document)) {
  console.error(
    `docs/openapi.yaml describes no answer ${code}: add it to "responses", with an example of that name.`,
  );
  process.exitCode = 1;
}
