import { defineConfig } from 'vitest/config';

/** One project a layer, each in its folder under tests/; `npm test` runs those that need Node alone. */
const layer = (
  name: string,
  options: { timeoutSeconds: number; globalSetup?: string; isolate?: boolean; maxWorkers?: number },
) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout: options.timeoutSeconds * 1000,
    hookTimeout: options.timeoutSeconds * 1000,
    // A busy machine may take long over what another process does.
    expect: { poll: { timeout: 15_000 } },
    globalSetup: options.globalSetup ?? [],
    isolate: options.isolate ?? true,
    // By default Vitest would leave one of two processors to itself.
    maxWorkers: options.maxWorkers ?? '100%',
  },
});

const packageOnce = 'tests/infrastructure/support/package-once.ts';

export default defineConfig({
  test: {
    projects: [
      // Most of its time went into loading the same modules for each file.
      layer('unit', { timeoutSeconds: 20, isolate: false }),
      layer('infrastructure', { timeoutSeconds: 180, globalSetup: packageOnce }),
      layer('package', { timeoutSeconds: 180, globalSetup: packageOnce }),
      layer('integration', { timeoutSeconds: 180 }),
      layer('runtime', { timeoutSeconds: 180, globalSetup: packageOnce }),
      layer('openapi', { timeoutSeconds: 300 }),
      // Its browsers keep the processors busy by themselves.
      layer('e2e', { timeoutSeconds: 300, globalSetup: 'tests/e2e/support/stack.ts', maxWorkers: 1 }),
      layer('deploy', { timeoutSeconds: 600 }),
    ],
  },
});
