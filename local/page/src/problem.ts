/** A problem for a person to read: what happened, why, and what to do. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly why: string;
  readonly remedy: string;
  /** Ids of the form's fields that are wrong. */
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

/** Anything thrown, as a problem. An unexpected error is a fault of this page. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem('Something unexpected happened.', {
    why: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page and try again.',
  });
}
