/**
 * `npm run conclude`, for the pipeline, which deploys and checks in separate steps: keeps the version that was deployed if it
 * passes its checks, and goes back if it does worse than the one before.
 */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import * as v from 'valibot';
import type { Check } from '../token-check/check.ts';
import { run } from './checks/command.ts';
import { currentCommit } from './release/commit.ts';
import { readDeployment } from './release/deployment.ts';
import { Releaser } from './release/releaser.ts';
import { sentenceOf } from './release/stack.ts';

const reportSchema = v.object({
  checks: v.array(
    v.object({
      mark: v.picklist(['good', 'warning', 'bad', 'withheld', 'skipped']),
      code: v.string(),
      subject: v.string(),
      value: v.string(),
      meaning: v.string(),
      notes: v.array(v.string()),
    }),
  ),
});

await run(async () => {
  const args = process.argv.slice(2);
  const divider = args.indexOf('--');
  const releaser = new Releaser(readDeployment(args.slice(0, divider)));
  const [before, after] = await Promise.all(args.slice(divider + 1).map(readReport));
  const stack = await releaser.look();
  if (stack.is === 'absent' || stack.version.commit !== (await currentCommit())) {
    console.error(`This commit is not in place. ${sentenceOf(stack)}`);
    return 'wrong';
  }
  return releaser.run(async () => {
    const judgement = await releaser.judge(stack, before ?? [], after);
    if (judgement === 'worse') await releaser.goBack(stack);
    return judgement === 'passed' ? 'well' : 'wrong';
  });
});

/** What `npm run smoke -- --json` printed; `undefined` where it could not check. */
async function readReport(path: string): Promise<Check[] | undefined> {
  const text = await readFile(path, 'utf8');
  return text.trim() === '' ? undefined : v.parse(reportSchema, JSON.parse(text)).checks;
}
