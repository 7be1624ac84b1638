/** All checks of a deployment, once each, in the order in which a reader depends on them. */
import { howToGetLiveKit } from '../../local/livekit.ts';
import { type Check, check } from '../../token-check/check.ts';
import { Unreached } from '../../token-check/send.ts';
import { showToLiveKit } from '../../token-check/show-to-livekit.ts';
import { checkCors } from './cors.ts';
import type { Target } from './target.ts';
import { checkToken } from './token-request.ts';
import { checkWrongBearers, checkWrongBodies } from './wrong-requests.ts';

/** Changes nothing, and creates no room. Ends at the first request that gets no answer. */
export async function checkDeployment(target: Target): Promise<Check[]> {
  const checks: Check[] = [];
  try {
    const bearer = await target.bearer();
    const { answer, ...request } = await checkToken(target, bearer);
    checks.push(...request.checks);
    if (answer !== undefined) {
      checks.push(await showToLiveKit(answer.server_url, answer.participant_token, howToGetLiveKit));
    }
    checks.push(...(await checkWrongBearers(target, bearer)));
    // When the right request is refused, the answer to a wrong one shows nothing.
    if (answer !== undefined) checks.push(...(await checkWrongBodies(target, bearer)));
    checks.push(...(await checkCors(target)));
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    const remedy = `To put it right: ${target.howToStart ?? error.remedy}`;
    checks.push(check('bad', error.code, 'endpoint', target.url, error.message, remedy));
  }
  return checks;
}
