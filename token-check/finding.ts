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

export const letIn: LiveKitAnswer = { status: 200, reason: 'success' };

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
  /** What LiveKit answers when nothing else is wrong with the token. */
  answer: LiveKitAnswer;
  /** What to do about a warning or a `bad`. */
  remedy?: string;
}

/** What LiveKit answers to the token: the first refusal, since findings are in the order of the server's checks. */
export function answerTo(findings: readonly Finding[]): LiveKitAnswer {
  return findings.find(({ answer }) => answer.status !== letIn.status)?.answer ?? letIn;
}

/** The verdict on the whole token, in one sentence. */
export function summarise(findings: readonly Finding[]): string {
  const { status, reason } = answerTo(findings);
  if (status !== letIn.status) return `LiveKit will refuse this token: ${status} “${reason}”.`;
  const crosses = findings.filter(({ verdict }) => verdict === 'bad').length;
  if (crosses === 0) return 'LiveKit will let this token in.';
  const count = crosses === 1 ? 'one cross' : `${crosses} crosses`;
  return `LiveKit will let this token in, but it is not as it should be: ${count}.`;
}
