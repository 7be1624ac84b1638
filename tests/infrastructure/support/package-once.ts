import type { TestProject } from 'vitest/node';
import { type Packaged, packageStage, requiredParameters } from './packaged.ts';

/** Packages production with the required parameters alone, once for all layers that run. */
export default async function packageOnce({
  vitest,
}: TestProject): Promise<(() => Promise<void>) | undefined> {
  const all = vitest.getRootProject();
  if ('packaged' in all.getProvidedContext()) return undefined;
  const { remove, ...packaged } = await packageStage('prod', requiredParameters);
  all.provide('packaged', packaged);
  return remove;
}

declare module 'vitest' {
  interface ProvidedContext {
    packaged: Omit<Packaged, 'remove'>;
  }
}
