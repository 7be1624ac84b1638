import { TestRunner } from 'vitest';

/** Once a test has failed, Vitest skips the tests of the other files, but loads them: that took longer than the tests. */
export default class UntilNoticed extends TestRunner {
  #isNoticed = false;

  override cancel(reason: Parameters<TestRunner['cancel']>[0]): void {
    this.#isNoticed = true;
    super.cancel(reason);
  }

  override importFile(...[path, source]: Parameters<TestRunner['importFile']>) {
    return this.#isNoticed ? undefined : super.importFile(path, source);
  }
}
