/** Requests that must be refused, each with the code that it should get. */
import { type Check, check } from './check.ts';
import type { Reply } from './send.ts';
import type { Target } from './target.ts';
import { askForToken, codeOf } from './token-request.ts';

export async function checkWrongBearers({ url, club }: Target, bearer: string): Promise<Check[]> {
  const body = { reading_club_id: club };
  const [none, forgery] = [
    await askForToken(url, undefined, body),
    await askForToken(url, forged(bearer), body),
  ];
  return [
    judge('no bearer', none, 401, undefined, 'anyone gets a token'),
    judge('forged bearer', forgery, 401, undefined, 'signatures are not verified'),
  ];
}

export async function checkWrongBodies({ url, forbiddenClub }: Target, bearer: string): Promise<Check[]> {
  const bad = await askForToken(url, bearer, { reading_club_id: 'not a club' });
  const checks = [judge('bad body', bad, 400, 'invalid_request', 'the body is not checked')];
  if (forbiddenClub === undefined) {
    return [
      ...checks,
      check('skipped', 'not-tried', 'another club', 'not tried', 'name one with --forbidden-club'),
    ];
  }
  const other = await askForToken(url, bearer, { reading_club_id: forbiddenClub });
  const otherwise = 'membership is not enforced: see the parameters "clubs-claim" and "open-clubs"';
  return [...checks, judge('another club', other, 403, 'not_a_member', otherwise)];
}

/** @param otherwise what it means if the request is granted */
function judge(
  subject: string,
  reply: Reply,
  status: number,
  code: string | undefined,
  otherwise: string,
): Check {
  const name = subject.replaceAll(' ', '-');
  const got = [String(reply.status), codeOf(reply)].filter((part) => part !== undefined).join(' ');
  const wanted = [String(status), code].filter((part) => part !== undefined).join(' ');
  if (reply.status === status && (code === undefined || codeOf(reply) === code)) {
    return check('good', `${name}-refused`, subject, got, 'refused, as it should be');
  }
  const meaning = reply.status === 200 ? otherwise : `it should be ${wanted}`;
  return check('bad', `${name}-not-refused`, subject, got, meaning);
}

/** The same bearer with a wrong signature. */
function forged(bearer: string): string {
  const parts = bearer.split('.');
  const signature = parts.pop() ?? '';
  return [...parts, 'A'.repeat(signature.length)].join('.');
}
