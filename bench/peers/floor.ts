/** The floor: a function that does nothing, so only Node and the runtime take time. */
export const handler = async () => ({});
