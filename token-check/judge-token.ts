/** Reads a meeting token as LiveKit does, and says for each claim whether it is right for a reader's token. */
import * as v from 'valibot';
import { type DecodedToken, decodeToken, isSignedWith, UnreadableToken } from './decode-token.ts';
import { findToken, redact } from './find-token.ts';
import { type Finding, summarise } from './finding.ts';
import { LiveKitClaims } from './livekit-claims.ts';
import { misspeltGrants } from './misspelt-grants.ts';
import { explainMessage, refusals } from './refusals.ts';
import { type ClaimRules, content, type Expected, envelope, key, type Of, type Token } from './rules.ts';
import { show } from './show.ts';

export type { Expected } from './rules.ts';

/** Findings in the order of LiveKit's checks: its answer is the first refusal. */
export async function judgeToken(text: string, expected: Expected = {}): Promise<Finding[]> {
  let decoded: DecodedToken;
  try {
    decoded = decodeToken(text);
  } catch (error) {
    if (!(error instanceof UnreadableToken)) throw error;
    if (error.issues.length > 0) return error.issues.map((issue) => wrongType(issue, 'unreadable'));
    const { answers, remedy } = refusals.unreadable;
    const [value, meaning] = [`${text.length} characters`, error.message];
    return [{ code: 'unreadable', claim: 'token', value, verdict: 'bad', meaning, answers, remedy }];
  }
  const { algorithm, payload } = decoded;
  const livekit = v.safeParse(LiveKitClaims, decoded.claims);
  const { apiSecret, now = Date.now() / 1000 } = expected;
  const token: Token = {
    claims: { ...decoded.claims, ...(livekit.success ? livekit.output : {}) },
    payload,
    algorithm,
    isSigned: apiSecret === undefined ? undefined : await isSignedWith(apiSecret, decoded),
    expected,
    now,
  };
  const judged = (rules: readonly ClaimRules[]) => rules.flatMap((rule) => judge(rule, token));
  return [
    ...judged([key]),
    ...(livekit.issues ?? []).map((issue) => wrongType(issue, 'wrong-type')),
    ...judged(envelope),
    ...(livekit.success ? [...judged(content), ...misspeltGrants(payload)] : []),
  ];
}

/** Judges the token in pasted text. LiveKit's refusal around it counts more: the server knows the secret, and who was removed. */
export async function judgePasted(text: string, expected?: Expected) {
  const findings = await judgeToken(findToken(text) ?? text.trim(), expected);
  const explanation = explainMessage(redact(text));
  const conclusion = explanation ? `${explanation.cause} ${explanation.remedy}` : summarise(findings);
  return { findings, explanation, conclusion };
}

function judge({ claim, value = shownFrom(claim), rules }: ClaimRules, token: Token): Finding[] {
  const rule = rules.find(({ when }) => when(token));
  if (rule === undefined) return [];
  const of = <Value>(part: Of<Value>) => (part instanceof Function ? part(token) : part);
  const { code, verdict, meaning, answers, remedy } = rule;
  const said = { verdict: of(verdict), meaning: of(meaning), answers: of(answers) };
  return [{ code, claim, value: value(token), ...said, ...(remedy && { remedy: of(remedy) }) }];
}

/** The value of a claim like `video.room`. */
function shownFrom(claim: string): (token: Token) => string {
  const [name = '', part] = claim.split('.');
  return ({ claims }) => {
    const value = claims[name];
    return show(part === undefined || !v.is(v.record(v.string(), v.unknown()), value) ? value : value[part]);
  };
}

function wrongType(issue: v.BaseIssue<unknown>, code: 'unreadable' | 'wrong-type'): Finding {
  return {
    code,
    claim: v.getDotPath(issue) ?? 'token',
    value: show(issue.input),
    verdict: 'bad',
    meaning: 'of the wrong type, for which the server reads none of the claims',
    answers: refusals[code].answers,
    remedy: `Sign ${issue.message}.`,
  };
}
