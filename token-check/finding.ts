/** What the judge says of one claim. It imports nothing of Node's, like all of this room: the meeting page uses it too. */

/**
 * - `good`: as a meeting needs it.
 * - `warning`: it works, but it needs attention.
 * - `bad`: LiveKit refuses the token for it, or the token allows something that it should not.
 * - `withheld`: not granted, and rightly so.
 */
export type Verdict = 'good' | 'warning' | 'bad' | 'withheld';

/** What LiveKit's `/rtc/validate` answers to the token, and its WebSocket too, in the same words. */
export interface LiveKitAnswer {
  status: number;
  /** The body: `success`, or the reason. A token in it is replaced by `<token>`; `…` at the end stands for more words. */
  reason: string;
}

/** The versions of LiveKit's server that answer alike, newest first. */
export const eras = ['from 1.13.6', '1.13.3 to 1.13.5', 'up to 1.12'] as const;
export type Era = (typeof eras)[number];

/** What LiveKit answers when nothing else is wrong with the token, in each era. */
export type Answers = Readonly<Record<Era, LiveKitAnswer>>;

export const letIn: LiveKitAnswer = { status: 200, reason: 'success' };
export const letInAlways = always(letIn);

/** The same answer in each era. */
export function always(answer: LiveKitAnswer): Answers {
  return { 'from 1.13.6': answer, '1.13.3 to 1.13.5': answer, 'up to 1.12': answer };
}

export interface Finding {
  /** A stable code for programs, in kebab-case, one for each kind of finding. */
  code: string;
  /** The claim's path, like `video.roomJoin`; `token` for the token as a whole. */
  claim: string;
  /** The claim's value as it is shown to a person; `missing` where there is none. */
  value: string;
  verdict: Verdict;
  /** What that means, in one line. */
  meaning: string;
  answers: Answers;
  /** What to do about a warning or a `bad`. */
  remedy?: string;
}

/** What LiveKit answers to the token: the first refusal, since findings are in the order of the server's checks. */
export function answerTo(findings: readonly Finding[], era: Era = eras[0]): LiveKitAnswer {
  return findings.map(({ answers }) => answers[era]).find(({ status }) => status !== letIn.status) ?? letIn;
}

/** What LiveKit answers because of a finding, older servers too where they differ; nothing where none refuses it, or nobody knows. */
export function foretell({ code, verdict, answers }: Finding): string | undefined {
  const [newest, ...older] = eras;
  const others = older.filter((era) => quote(answers[era]) !== quote(answers[newest]));
  if (code === 'recording' || (verdict !== 'bad' && others.length === 0)) return undefined;
  const said = others.map((era) => `; ${era}: ${quote(answers[era])}`).join('');
  return `LiveKit will answer: ${quote(answers[newest])}${said}.`;
}

/** The verdict on the whole token, in one sentence. */
export function summarise(findings: readonly Finding[]): string {
  const answer = answerTo(findings);
  const lets = (era: Era) => answerTo(findings, era).status === letIn.status;
  const others = eras.filter((era) => lets(era) !== lets(eras[0])).join(' and ');
  if (answer.status !== letIn.status) {
    return `LiveKit will refuse this token: ${quote(answer)}.${others && ` Servers ${others} let it in.`}`;
  }
  const crosses = findings.filter(({ verdict }) => verdict === 'bad').length;
  const count = crosses === 1 ? 'one cross' : `${crosses} crosses`;
  const but = crosses === 0 ? '' : `, but it is not as it should be: ${count}`;
  const isCompared = findings.some(({ claim }) => claim === 'signature');
  const unsaid = isCompared ? '' : ' Key and signature were not compared.';
  const will = findings.some(({ code }) => code === 'recording') ? 'may' : 'will';
  return `LiveKit ${will} let this token in${but}.${others && ` Servers ${others} refuse it.`}${unsaid}`;
}

function quote({ status, reason }: LiveKitAnswer): string {
  return `${status} “${reason}”`;
}
