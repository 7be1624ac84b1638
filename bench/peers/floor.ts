/** The floor: Node and the runtime around it, and a function that does nothing. */
export const handler = async () => ({});
