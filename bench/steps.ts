import type { BuildOptions, Plugin } from 'esbuild';
import bundleConfig from '../deploy/bundle.cjs';
import { changePackages, coreModules, steps } from '../deploy/bundle-steps.cjs';

/** One stage of the build, between esbuild's defaults and the deployed bundle. */
export interface Stage {
  name: string;
  options: BuildOptions;
}

/** The builds of the function: first without any of its steps, then each with one step more. */
export function stages(): Stage[] {
  const { mainFields } = bundleConfig({});
  const banner = {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  };
  const withPlugins = (...plugins: Plugin[]): BuildOptions => ({ format: 'esm', mainFields, plugins });
  return [
    { name: 'esbuild’s defaults', options: { format: 'esm', banner } },
    { name: 'ES modules of packages', options: { ...withPlugins(), banner } },
    { name: coreModules.name, options: withPlugins(coreModules) },
    ...steps.map(({ name }, index) => ({
      name,
      options: withPlugins(coreModules, changePackages(steps.slice(0, index + 1))),
    })),
  ];
}
