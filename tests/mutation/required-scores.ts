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

/**
 * Files that may have mistakes which go unnoticed, within the share of all. In every other file of lib/, and so in a new one, each has to be
 * noticed: they say who enters, as what, and which credentials are good enough.
 */
export const lenient = [
  'lib/check-stage.ts',
  'lib/clock.ts',
  'lib/config.ts',
  'lib/contract.ts',
  'lib/http.ts',
  'lib/livekit-url.ts',
  'lib/log.ts',
  'lib/metrics.ts',
  'lib/participant-name.ts',
  'lib/problem.ts',
  'lib/request.ts',
  'lib/token-endpoint.ts',
  'lib/secret/credentials-cache.ts',
  'lib/secret/get-secret-value-protocol.ts',
  'lib/secret/prompt-agent.ts',
  'lib/secret/request-sent.ts',
  'lib/secret/secrets-manager.ts',
  'lib/secret/versioned-credentials.ts',
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
  for (const file of new Set(mutants.map(({ fileName }) => fileName))) {
    const own = score(mutants.filter(({ fileName }) => fileName === file));
    const isStrict = file.startsWith('lib/') && !lenient.includes(file);
    if (own < 100 && isStrict) missing.push(`${file} has ${own.toFixed(1)} %: it should have 100 %`);
  }
  return missing;
}
