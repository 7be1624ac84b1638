/** What went wrong, told to a person: what happened, why, and what to do about it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly why: string;
  readonly remedy: string;

  constructor(what: string, { why, remedy }: { why: string; remedy: string }) {
    super(what);
    this.why = why;
    this.remedy = remedy;
  }
}

/** Whatever was thrown, as a problem; what nobody foresaw is a fault of this page. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem('Something unforeseen happened.', {
    why: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page and try again.',
  });
}
