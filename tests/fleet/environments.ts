import { type LambdaFunction, startFunction } from '../../stand-ins/lambda/runtime-api.ts';

/** One answer, and what the environment that gave it had in hand. */
export interface Answer {
  /** `ok`, or the error's code. */
  code: string;
  /** The token, where there is one. */
  token: string | undefined;
  durationMs: number;
  /** Whether this environment has had good credentials before, which then last for the whole test. */
  hadGoodValue: boolean;
}

/** The execution environments of one function. */
export class Fleet {
  readonly #start: () => Promise<LambdaFunction>;
  #members: { lambda: LambdaFunction; hasGoodValue: boolean; loggedBefore: number }[] = [];

  constructor(options: Parameters<typeof startFunction>[0]) {
    this.#start = () => startFunction(options);
  }

  /** Adds `count` fresh environments. */
  async grow(count: number): Promise<void> {
    const lambdas = await Promise.all(Array.from({ length: count }, this.#start));
    this.#members.push(...lambdas.map((lambda) => ({ lambda, hasGoodValue: false, loggedBefore: 0 })));
  }

  /** Kills the `count` oldest environments, and starts as many fresh ones. */
  async replace(count: number): Promise<void> {
    const killed = this.#members.splice(0, count);
    await Promise.all(killed.map(({ lambda }) => lambda.stop()));
    await this.grow(count);
  }

  freeze(): void {
    for (const { lambda } of this.#members) lambda.freeze();
  }

  thaw(): void {
    for (const { lambda } of this.#members) lambda.thaw();
  }

  /** Sends `size` requests to each environment, at once, and waits for all answers. */
  async burst(
    size: number,
    event: () => unknown,
    read: (payload: unknown) => Omit<Answer, 'durationMs' | 'hadGoodValue'>,
  ) {
    const answers = this.#members.flatMap((member) =>
      Array.from({ length: size }, async (): Promise<Answer> => {
        const hadGoodValue = member.hasGoodValue;
        const { payload, durationMs } = await member.lambda.invoke(event());
        const answer = read(payload);
        if (answer.token !== undefined) member.hasGoodValue = true;
        return { ...answer, durationMs, hadGoodValue };
      }),
    );
    return Promise.all(answers);
  }

  /** The lines that were logged since this was last called. */
  newLogLines(): Record<string, unknown>[] {
    return this.#members.flatMap((member) => {
      const { output } = member.lambda;
      const end = output.lastIndexOf('\n') + 1;
      const lines = output.slice(member.loggedBefore, end).split('\n');
      member.loggedBefore = end;
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ lambda }) => lambda.stop()));
  }
}
