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
 * What is wrong now: what the version in place does `worse`, what had failed before (`known`), and what a reader without a token could
 * not meet then (`untold`). A new version that gives one is to blame for all that it does with it, but not for LiveKit.
 */
export function compare(before: readonly Check[], after: readonly Check[]) {
  const codes = new Set(crossesIn(before).map(({ code }) => code));
  const givesToken = (checks: readonly Check[]) => checks.some(({ code }) => code === 'answered');
  const isTold = before.length === 0 || givesToken(before);
  const isToBlame = ({ code, subject }: Check) =>
    isTold || alwaysTried.test(code) || (givesToken(after) && subject !== 'LiveKit');
  const isKnown = ({ code }: Check) => codes.has(code);
  const added = crossesIn(after).filter((cross) => !isKnown(cross));
  return {
    worse: added.filter(isToBlame),
    known: crossesIn(after).filter(isKnown),
    untold: added.filter((cross) => !isToBlame(cross)),
  };
}
