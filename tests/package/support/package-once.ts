import type { TestProject } from 'vitest/node';
import { packageFunction } from '../../../deploy/package-function.ts';

/** Packages the function once for all tests of this layer. */
export default async function packageOnce(project: TestProject): Promise<() => Promise<void>> {
  const { remove, ...packaged } = await packageFunction();
  project.provide('packaged', packaged);
  return remove;
}

declare module 'vitest' {
  interface ProvidedContext {
    packaged: Awaited<ReturnType<typeof packageFunction>> extends infer Packaged
      ? Omit<Packaged, 'remove'>
      : never;
  }
}
