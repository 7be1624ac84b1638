/** All checks of a deployment, once each, in the order in which a reader depends on them. */
import type { TokenAnswer } from '../../lib/contract.ts';
import { judgeToken } from '../../token-check/judge-token.ts';
import { rowOf } from '../checks/table.ts';
import { type Check, check } from './check.ts';
import { checkCors } from './cors.ts';
import { readJwt } from './read-jwt.ts';
import { Unreached } from './send.ts';
import { showToLiveKit } from './show-to-livekit.ts';
import type { Target } from './target.ts';
import { requestToken } from './token-request.ts';
import { checkWrongBearers, checkWrongBodies } from './wrong-requests.ts';

/** Changes nothing, and creates no room. Ends at the first request that gets no answer. */
export async function checkDeployment(target: Target): Promise<Check[]> {
  const checks: Check[] = [];
  try {
    const bearer = await target.bearer();
    const { answer, ...request } = await requestToken(target, bearer);
    checks.push(...request.checks);
    if (answer !== undefined) checks.push(...(await checkToken(answer, bearer)));
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

async function checkToken(answer: TokenAnswer, bearer: string): Promise<Check[]> {
  const findings = await judgeToken(answer.participant_token, {
    room: answer.room_name,
    reader: readJwt(bearer)?.claims.sub,
    role: answer.role,
  });
  const faults = findings.filter(({ verdict }) => verdict === 'bad' || verdict === 'warning');
  const good = findings.length - faults.length;
  return [
    ...(good === 0 ? [] : [check('good', 'claims', 'token', `${good} claims`, 'as a meeting needs them')]),
    ...faults.map((finding) => ({ code: finding.code, ...rowOf(finding) })),
    await showToLiveKit(answer.server_url, answer.participant_token),
  ];
}
