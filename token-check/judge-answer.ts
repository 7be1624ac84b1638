/** Judges what the endpoint answered: a token as the contract wants it, or the refusal that should have come. */
import * as v from 'valibot';
import type { ErrorCode, Role, TokenAnswer } from '../lib/contract.ts';
import { type Check, check, rowOf } from './check.ts';
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

/** Requests of a signed-in reader that must be refused, and how. */
export const wrongRequests = {
  'bad body': { body: { reading_club_id: 'not a club' }, status: 400, code: 'invalid_request' },
  'another club': { status: 403, code: 'not_a_member' },
} as const satisfies Record<string, WantedRefusal & { body?: object }>;

/**
 * The grants of each role, written down a second time: the check is built from the same commit as the version that it judges, so a
 * mistake in lib/grants.ts would otherwise be its measure.
 */
const exactGrants: Readonly<Record<Role, object>> = {
  member: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
  moderator: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true, roomAdmin: true },
  listener: { roomJoin: true, canPublish: false, canSubscribe: true, canPublishData: true },
};

const subject = 'token request';

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
    return { checks: [check('bad', 'not-the-contract', subject, '200', meaning, remedy)] };
  }
  const answer = parsed.output;
  const room = `reading-club-${wanted.club}`;
  const findings = await judgeToken(answer.participant_token, {
    room,
    reader: wanted.reader,
    role: answer.role,
  });
  const faults = findings.filter(({ verdict }) => verdict === 'bad' || verdict === 'warning');
  const good = findings.length - faults.length;
  return {
    answer,
    checks: [
      check('good', 'answered', subject, '200', 'a token'),
      ...judgeFields(answer, headers, room, wanted),
      ...(good === 0 ? [] : [check('good', 'claims', 'token', `${good} claims`, 'as a meeting needs them')]),
      ...faults.map((finding) => ({ code: finding.code, ...rowOf(finding) })),
      ...(faults.length === 0 ? judgeGrants(answer, room) : []),
    ],
  };
}

function judgeFields(
  answer: TokenAnswer,
  headers: Headers,
  room: string,
  { role, name, lifetimeSeconds }: WantedToken,
): Check[] {
  const expect = (isTrue: boolean, code: string, field: string, value: string, meaning: string) =>
    check(isTrue ? 'good' : 'bad', isTrue ? code : `not-${code}`, field, value, meaning);
  const caching = headers.get('cache-control') ?? 'missing';
  const isSame = answer.token === answer.participant_token;
  const claims = claimsOf(answer.participant_token);
  const expiry = answer.expires_at;
  const lifetime = Number(claims['exp']) - Number(claims['nbf']);
  return [
    expect(caching === 'no-store', 'no-store', 'cache-control', caching, 'no cache may store the token'),
    expect(
      isSame,
      'same-token',
      'participant_token',
      isSame ? 'the same as token' : 'different from token',
      'one token under its two names',
    ),
    expect(answer.room_name === room, 'right-room', 'room_name', answer.room_name, 'the club’s room'),
    ...(role === undefined
      ? []
      : [expect(answer.role === role, 'right-role', 'role', answer.role, `the reader is a ${role}`)]),
    expect(
      Number(claims['exp']) * 1000 === Date.parse(expiry),
      'right-expiry',
      'expires_at',
      expiry,
      'when the token expires',
    ),
    ...(name === undefined
      ? []
      : [
          expect(
            answer.participant_name === name && claims['name'] === name,
            'right-name',
            'participant_name',
            answer.participant_name,
            'the name in answer and token',
          ),
        ]),
    ...(lifetimeSeconds === undefined
      ? []
      : [
          expect(
            lifetime === lifetimeSeconds,
            'right-lifetime',
            'exp',
            `${lifetime} s`,
            `a token lives ${lifetimeSeconds} s`,
          ),
        ]),
  ];
}

/** A cross unless the token has these grants and no others: for what no other judge objects to. */
function judgeGrants({ participant_token: token, role }: TokenAnswer, room: string): Check[] {
  const { video } = claimsOf(token);
  const sorted = (grants: object) => JSON.stringify(Object.entries(grants).sort());
  if (sorted(Object(video)) === sorted({ ...exactGrants[role], room })) return [];
  return [check('bad', 'not-exact-grants', 'video', JSON.stringify(video), `not exactly a ${role}’s grants`)];
}

/** None of a token that can't be read: `judgeToken` says so. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeToken(token).claims;
  } catch {
    return {};
  }
}

const errorSchema = v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() }));

/** The error code of an answer, if the endpoint itself gave it. */
export function codeOf({ text }: Reply): string | undefined {
  const parsed = v.safeParse(errorSchema, text);
  return parsed.success ? parsed.output.code : undefined;
}

/** @param otherwise what it means if the request is granted */
export function judgeRefusal(name: string, reply: Reply, wanted: WantedRefusal, otherwise: string): Check {
  const code = name.replaceAll(' ', '-');
  const show = (...parts: unknown[]) => parts.filter((part) => part !== undefined).join(' ');
  const got = show(reply.status, codeOf(reply));
  if (reply.status === wanted.status && (wanted.code === undefined || codeOf(reply) === wanted.code)) {
    return check('good', `${code}-refused`, name, got, 'refused, as it should be');
  }
  const meaning = reply.status === 200 ? otherwise : `it should be ${show(wanted.status, wanted.code)}`;
  return check('bad', `${code}-not-refused`, name, got, meaning);
}
