/** The unit tests of lib/ and client/, for StrykerJS: of them it runs those that import what it changes. */
import { statSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What is tested closely notices a change sooner than what sends random requests through all of lib/. */
class SmallestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const size = ({ moduleId }: TestSpecification) => statSync(moduleId).size;
    return Promise.resolve(files.toSorted((one, other) => size(one) - size(other)));
  }
}

export default defineConfig({
  test: {
    include: ['tests/unit/*.test.ts', 'tests/unit/secret/*.test.ts', 'tests/unit/client/*.test.ts'],
    // Thousands of runs or of readers take seconds for each change, and find little that the examples beside them do not.
    exclude: ['**/*.model.test.ts', '**/client/{guide,rejoining,size}.test.ts'],
    testTimeout: 10_000,
    sequence: { sequencer: SmallestFirst },
    // Every change is tried in a new thread; that its tests share this one saves half of the time.
    isolate: false,
  },
});
