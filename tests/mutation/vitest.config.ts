/** The unit tests of lib/ and client/, for StrykerJS: of them it runs those that import what it changes. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The changed module's own tests notice most changes; of the others the small ones take the least time. */
class LikeliestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const own = this.ctx.config.related?.map((module) => basename(module).replace(/ts$/, 'test.ts')) ?? [];
    const order = ({ moduleId }: TestSpecification) =>
      own.includes(basename(moduleId)) ? 0 : statSync(moduleId).size;
    return Promise.resolve(files.toSorted((one, other) => order(one) - order(other)));
  }
}

export default defineConfig({
  test: {
    include: ['tests/unit/*.test.ts', 'tests/unit/secret/*.test.ts', 'tests/unit/client/*.test.ts'],
    // Thousands of runs or of readers take seconds for each change, and find little that the examples beside them do not.
    exclude: ['**/*.model.test.ts', '**/client/{guide,rejoining,size}.test.ts'],
    testTimeout: 10_000,
    sequence: { sequencer: LikeliestFirst },
    runner: 'tests/mutation/until-noticed.ts',
    passWithNoTests: true,
    // Every change is tried in a new thread; that its tests share this one saves half of the time.
    isolate: false,
  },
});
