// @ts-check
/** Loaded before the profiled function: Node writes the profile only if the process exits by itself, not if it is killed. */
process.once('SIGTERM', () => process.exit());
