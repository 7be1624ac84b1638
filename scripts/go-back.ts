/** `npm run go-back`: goes back to the last version that passed its checks, but for the one in place. */
import process from 'node:process';
import { run } from './checks/command.ts';
import { readDeployment } from './release/deployment.ts';
import { Releaser } from './release/releaser.ts';
import { sentenceOf } from './release/stack.ts';

const help = `Goes back to the last version that passed its checks in "npm run release", but for the one in place.

  npm run go-back -- DEPLOYMENT...

  DEPLOYMENT  what "npx serverless deploy" takes; --stage is required
  The version that is left counts as one that failed.

Exit status: 0 that version is in place; 1 it is not, and the last line says what is; 2 bad use, and nothing was done.
`;

await run(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 'well';
  }
  const releaser = new Releaser(readDeployment(args));
  const stack = await releaser.look();
  if (stack.is === 'absent') {
    console.error(sentenceOf(stack));
    return 'wrong';
  }
  return releaser.run(async () => ((await releaser.goBack(stack)) ? 'well' : 'wrong'));
});
