/** Requests that must be refused, each with the code that it should get. */
import { type Check, check } from '../../token-check/check.ts';
import { judgeRefusal, wrongRequests } from '../../token-check/judge-answer.ts';
import type { Target } from './target.ts';
import { sendTokenRequest } from './token-request.ts';

export async function checkWrongBearers({ url, club }: Target, bearer: string): Promise<Check[]> {
  const body = { reading_club_id: club };
  const [none, forgery] = [
    await sendTokenRequest(url, undefined, body),
    await sendTokenRequest(url, forged(bearer), body),
  ];
  const byTheGateway = { status: 401 };
  return [
    judgeRefusal('no bearer', none, byTheGateway, 'anyone gets a token'),
    judgeRefusal('forged bearer', forgery, byTheGateway, 'signatures are not verified'),
  ];
}

export async function checkWrongBodies({ url, forbiddenClub }: Target, bearer: string): Promise<Check[]> {
  const { 'bad body': badBody, 'another club': anotherClub } = wrongRequests;
  const bad = await sendTokenRequest(url, bearer, badBody.body);
  const checks = [judgeRefusal('bad body', bad, badBody, 'the body is not checked')];
  if (forbiddenClub === undefined) {
    return [
      ...checks,
      check('skipped', 'not-tried', 'another club', 'not tried', 'name one with --forbidden-club'),
    ];
  }
  const other = await sendTokenRequest(url, bearer, { reading_club_id: forbiddenClub });
  const otherwise = 'membership is not enforced: see the parameters "clubs-claim" and "open-clubs"';
  return [...checks, judgeRefusal('another club', other, anotherClub, otherwise)];
}

/** The same bearer with a wrong signature. */
function forged(bearer: string): string {
  const parts = bearer.split('.');
  const signature = parts.pop() ?? '';
  return [...parts, 'A'.repeat(signature.length)].join('.');
}
