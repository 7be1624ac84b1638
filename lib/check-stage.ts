/**
 * The stage in an event of the check, which invokes the function itself. The gateway's events have the API's own, `$default`, which no
 * client can choose.
 */
export const checkStage = 'check';
