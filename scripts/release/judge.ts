/** What the checks before and after a deployment say of the new version. */
import { type Check, crossesIn } from '../../token-check/check.ts';

/** What is wrong with the reader's JWT itself: such a check says nothing about a version. */
const ofBearer = new Set(['bearer-expired', 'bearer-early', 'bearer-no-jwt', 'bearer-algorithm']);

/** Tried whether or not the reader gets a token. */
const alwaysTried = /^(no-bearer|forged-bearer|cors|foreign-origin)-/;

/** The fault of the reader's JWT, as the check words it. */
export function faultOfBearer(checks: readonly Check[]): string | undefined {
  return crossesIn(checks).find(({ code }) => ofBearer.has(code))?.meaning;
}

/**
 * What the version in place does worse than the one before. What had failed before is not its fault, and neither is what could
 * not be tried then, because the reader got no token.
 */
export function worseThan(before: readonly Check[], after: readonly Check[]): Check[] {
  const known = new Set(crossesIn(before).map(({ code }) => code));
  const gotToken = before.some(({ code }) => code === 'answered');
  return crossesIn(after).filter(
    ({ code }) => !known.has(code) && (gotToken || before.length === 0 || alwaysTried.test(code)),
  );
}
