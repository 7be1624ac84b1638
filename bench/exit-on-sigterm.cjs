// @ts-check
/** Loaded before the function that is profiled: Node writes a profile where a process ends by itself, and not where it is killed. */
process.once('SIGTERM', () => process.exit());
