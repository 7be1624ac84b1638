/** Judges what the endpoint answered: a token as the contract wants it, or the refusal that should have come. */
import * as v from 'valibot';
import type { ErrorCode, Role, TokenAnswer } from '../lib/contract.ts';
import { type Check, check, checkOf } from './check.ts';
import { decodeToken } from './decode-token.ts';
import { judgeToken } from './judge-token.ts';
import type { Reply } from './send.ts';
import { tokenAnswerSchema } from './token-answer.ts';

/** The token that should have come. What is left out is not compared. */
export interface WantedToken {
  club: string;
  reader?: string | undefined;
  role?: Role | undefined;
  name?: string | undefined;
  lifetimeSeconds?: number | undefined;
}

/** The refusal that should have come; without a code it is the gateway's. */
export interface WantedRefusal {
  status: number;
  code?: ErrorCode;
}

/** Of a 200. @returns the answer only where it can be read */
export async function judgeAnswer(
  { headers, text }: Reply,
  wanted: WantedToken,
): Promise<{ checks: Check[]; answer?: TokenAnswer }> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), tokenAnswerSchema), text);
  if (!parsed.success) {
    const faults = parsed.issues.map((issue) => v.getDotPath(issue) ?? 'the body');
    const meaning = `not the contract’s answer: ${[...new Set(faults)].join(', ')}`;
    const remedy = 'To put it right: check that --url is the token endpoint’s, and its version.';
    return { checks: [check('bad', 'not-the-contract', 'token request', '200', meaning, remedy)] };
  }
  const answer = parsed.output;
  const { participant_token: token, role } = answer;
  const room = `reading-club-${wanted.club}`;
  const findings = await judgeToken(token, { room, reader: wanted.reader, role });
  const faults = findings.filter(({ verdict }) => verdict === 'bad' || verdict === 'warning');
  const good = findings.length - faults.length;
  return {
    answer,
    checks: [
      check('good', 'answered', 'token request', '200', 'a token'),
      ...judgeFields(answer, headers, room, wanted),
      ...(good === 0 ? [] : [check('good', 'claims', 'token', `${good} claims`, 'as a meeting needs them')]),
      ...faults.map(checkOf),
    ],
  };
}

function judgeFields(
  { token, participant_token, room_name, role, participant_name, expires_at }: TokenAnswer,
  headers: Headers,
  room: string,
  wanted: WantedToken,
): Check[] {
  const caching = headers.get('cache-control') ?? 'missing';
  const isSame = token === participant_token;
  const same = isSame ? 'the same as token' : 'different from token';
  const { exp, nbf, name } = claimsOf(participant_token);
  const isExpiry = Number(exp) * 1000 === Date.parse(expires_at);
  const lifetime = Number(exp) - Number(nbf);
  const lives = `a token lives ${wanted.lifetimeSeconds} s`;
  /** What is not known is not compared. */
  const isWanted = (known: unknown, ...got: unknown[]) =>
    known === undefined ? undefined : got.every((value) => value === known);
  const field = (isRight: boolean | undefined, code: string, ...shown: [string, string, string]) =>
    isRight === undefined ? [] : check(isRight ? 'good' : 'bad', isRight ? code : `not-${code}`, ...shown);
  const isName = isWanted(wanted.name, participant_name, name);
  return [
    field(caching === 'no-store', 'no-store', 'cache-control', caching, 'no cache may store the token'),
    field(isSame, 'same-token', 'participant_token', same, 'one token under its two names'),
    field(room_name === room, 'right-room', 'room_name', room_name, 'the club’s room'),
    field(isWanted(wanted.role, role), 'right-role', 'role', role, `the reader is a ${wanted.role}`),
    field(isExpiry, 'right-expiry', 'expires_at', expires_at, 'when the token expires'),
    field(isName, 'right-name', 'participant_name', participant_name, 'the name in answer and token'),
    field(isWanted(wanted.lifetimeSeconds, lifetime), 'right-lifetime', 'exp', `${lifetime} s`, lives),
  ].flat();
}

/** None of a token that can't be read: `judgeToken` says so. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeToken(token).payload;
  } catch {
    return {};
  }
}

const errorSchema = v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() }));

/** The status of an answer, and its error code if the endpoint itself gave it. */
export function statusAndCode({ status, text }: Reply): [status: number, code?: string] {
  const parsed = v.safeParse(errorSchema, text);
  return parsed.success ? [status, parsed.output.code] : [status];
}

/** @param otherwise what it means if the request is granted */
export function judgeRefusal(name: string, reply: Reply, wanted: WantedRefusal, otherwise: string): Check {
  const [status, code] = statusAndCode(reply);
  const got = [status, code].join(' ').trim();
  const stem = name.replaceAll(' ', '-');
  if (status === wanted.status && (wanted.code === undefined || code === wanted.code)) {
    return check('good', `${stem}-refused`, name, got, 'refused, as it should be');
  }
  const should = `it should be ${[wanted.status, wanted.code].join(' ').trim()}`;
  return check('bad', `${stem}-not-refused`, name, got, status === 200 ? otherwise : should);
}
