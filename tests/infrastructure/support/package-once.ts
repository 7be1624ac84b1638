import type { TestProject } from 'vitest/node';
import { type Packaged, packageStage, requiredParameters } from './packaged.ts';

/** Packages production with the required parameters alone, once for all tests of this layer. */
export default async function packageOnce(project: TestProject): Promise<() => Promise<void>> {
  const { remove, ...production } = await packageStage('prod', requiredParameters);
  project.provide('production', production);
  return remove;
}

declare module 'vitest' {
  interface ProvidedContext {
    production: Omit<Packaged, 'remove'>;
  }
}
