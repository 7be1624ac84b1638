import type { TestProject } from 'vitest/node';
import { choices, type Packaged, packageStage, requiredParameters } from './packaged.ts';

/** For all tests of this layer, packages production with the required parameters alone, and a stage with all choices made. */
export default async function packageOnce(project: TestProject): Promise<() => Promise<void>> {
  const [production, staging] = await Promise.all([
    packageStage('prod', requiredParameters),
    packageStage('staging', choices),
  ]);
  const { remove, ...provided } = production;
  project.provide('production', provided);
  project.provide('staging', staging.template);
  return async () => {
    await Promise.all([remove(), staging.remove()]);
  };
}

declare module 'vitest' {
  interface ProvidedContext {
    production: Omit<Packaged, 'remove'>;
    staging: Packaged['template'];
  }
}
