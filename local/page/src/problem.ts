/** What went wrong, told to a person: what happened, why, and what to do about it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly why: string;
  readonly remedy: string;
  /** Ids of the form's fields that are at fault. */
  readonly fields: readonly string[];

  constructor(
    what: string,
    { why, remedy, fields = [] }: { why: string; remedy: string; fields?: readonly string[] },
  ) {
    super(what);
    this.why = why;
    this.remedy = remedy;
    this.fields = fields;
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
