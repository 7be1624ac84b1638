/** `npm run openapi`: brings docs/openapi.yaml up to date with the code. */
import { writeFile } from 'node:fs/promises';
import { currentDocument, documentPath } from './openapi/document.ts';

await writeFile(documentPath, await currentDocument());
