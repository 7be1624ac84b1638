/** How many of the mistakes that StrykerJS puts into lib/ and client/ the unit tests have to notice. */

/** A changed piece of code, and what became of it. */
export interface Mutant {
  /** Path from the repository's root. */
  fileName: string;
  /** StrykerJS's word for it; only those below count. */
  status: string;
}

/** In percent, of each folder as a whole. */
const overall = 95;
const folders = ['lib', 'client'];

/** Who enters, and as what; and which credentials are good enough to let them: nothing may go unnoticed here. */
export const whole = [
  'lib/club-access.ts',
  'lib/club.ts',
  'lib/grants.ts',
  'lib/reader.ts',
  'lib/secret/livekit-credentials.ts',
  'lib/token.ts',
];

const noticed = new Set(['Killed', 'Timeout']);
const unnoticed = new Set(['Survived', 'NoCoverage']);

/** The share of mistakes that the tests noticed, in percent; `NaN` without any. */
function score(mutants: readonly Mutant[]): number {
  const caught = mutants.filter(({ status }) => noticed.has(status)).length;
  return (100 * caught) / (caught + mutants.filter(({ status }) => unnoticed.has(status)).length);
}

/** One sentence for each requirement that is not met. */
export function shortfalls(mutants: readonly Mutant[]): string[] {
  const missing = folders.flatMap((folder) => {
    const all = score(mutants.filter(({ fileName }) => fileName.startsWith(`${folder}/`)));
    return all >= overall ? [] : [`${folder}/ has ${all.toFixed(1)} %: it should have ${overall} %`];
  });
  for (const file of whole) {
    const own = score(mutants.filter(({ fileName }) => fileName === file));
    if (Number.isNaN(own)) missing.push(`${file} was not changed anywhere: is it still there?`);
    else if (own !== 100) missing.push(`${file} has ${own.toFixed(1)} %: it should have 100 %`);
  }
  return missing;
}
