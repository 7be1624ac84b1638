/** All checks of a deployment, once each, in the order in which a reader depends on them. */
import { howToGetLiveKit } from '../../local/livekit.ts';
import { type Check, check } from '../../token-check/check.ts';
import { judgeRefusal } from '../../token-check/judge-answer.ts';
import { refusedRequests } from '../../token-check/reader-requests.ts';
import { Unreached } from '../../token-check/send.ts';
import { showToLiveKit } from '../../token-check/show-to-livekit.ts';
import { checkCors } from './cors.ts';
import type { Target } from './target.ts';
import { checkToken, sendTokenRequest } from './token-request.ts';

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
    // When the right request is refused, the answer to a wrong body shows nothing.
    checks.push(...(await checkRefusals(target, bearer, answer !== undefined)));
    checks.push(...(await checkCors(target)));
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    const remedy = `To put it right: ${target.howToStart ?? error.remedy}`;
    checks.push(check('bad', error.code, 'endpoint', target.url, error.message, remedy));
  }
  return checks;
}

/** Requests that must be refused, each with the code that it should get; with a wrong bearer by the gateway. */
async function checkRefusals(target: Target, bearer: string, isGranted: boolean): Promise<Check[]> {
  const { url, club, forbiddenClub } = target;
  const { 'bad body': badBody, 'another club': anotherClub } = refusedRequests;
  const ofClub = { reading_club_id: club };
  const refusal = async (
    name: string,
    [sent, body]: readonly [bearer: string | undefined, body: object],
    wanted: Parameters<typeof judgeRefusal>[2],
    otherwise: string,
  ) => judgeRefusal(name, await sendTokenRequest(url, sent, body), wanted, otherwise);

  const checks = [
    await refusal('no bearer', [undefined, ofClub], { status: 401 }, 'anyone gets a token'),
    await refusal('forged bearer', [forged(bearer), ofClub], { status: 401 }, 'signatures are not verified'),
  ];
  if (!isGranted) return checks;
  checks.push(await refusal('bad body', [bearer, badBody.body], badBody.wanted, 'the body is not checked'));
  if (forbiddenClub === undefined) {
    checks.push(check('skipped', 'not-tried', 'another club', 'not tried', 'name one with --forbidden-club'));
    return checks;
  }
  const other = [bearer, { reading_club_id: forbiddenClub }] as const;
  const otherwise = 'membership is not enforced: see the parameters "clubs-claim" and "open-clubs"';
  return [...checks, await refusal('another club', other, anotherClub.wanted, otherwise)];
}

/** The same bearer with a wrong signature. */
function forged(bearer: string): string {
  const parts = bearer.split('.');
  const signature = parts.pop() ?? '';
  return [...parts, 'A'.repeat(signature.length)].join('.');
}
