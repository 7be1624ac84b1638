import { defineConfig } from 'vitest/config';

/** One project a layer, each in its folder under tests/; `npm test` runs those that need Node alone. */
const layer = (
  name: string,
  options: { timeoutSeconds: number; globalSetup?: string; isolate?: boolean; maxWorkers?: string },
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
    ...(options.maxWorkers && { maxWorkers: options.maxWorkers }),
  },
});

const packageOnce = 'tests/infrastructure/support/package-once.ts';
/** By default it would leave one of two processors to itself. */
const maxWorkers = '100%';

export default defineConfig({
  test: {
    projects: [
      // Most of its time went into loading the same modules for each file.
      layer('unit', { timeoutSeconds: 20, isolate: false, maxWorkers }),
      layer('infrastructure', { timeoutSeconds: 180, globalSetup: packageOnce, maxWorkers }),
      layer('package', { timeoutSeconds: 180, globalSetup: packageOnce, maxWorkers }),
      layer('integration', { timeoutSeconds: 180, maxWorkers }),
      layer('runtime', { timeoutSeconds: 180, globalSetup: packageOnce, maxWorkers }),
      layer('openapi', { timeoutSeconds: 300, maxWorkers }),
      layer('e2e', { timeoutSeconds: 300, globalSetup: 'tests/e2e/support/stack.ts' }),
      layer('deploy', { timeoutSeconds: 600, maxWorkers }),
    ],
  },
});
