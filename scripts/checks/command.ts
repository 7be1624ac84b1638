/** What the checking commands share: how they end, and how they report wrong use. */
import process from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Role, roles } from '../../lib/contract.ts';
import { SettingsFault } from '../../local/settings.ts';
import { redact } from '../../token-check/find-token.ts';

/** The command was called in a wrong way; the message says what to do. */
export class BadUse extends Error {
  override readonly name = 'BadUse';
}

/** Ends the process with 0 when all is well, 1 when something is wrong with what was checked, 2 for a `BadUse`. */
export async function run(command: () => Promise<'well' | 'wrong'>): Promise<void> {
  // The reader of the pipe may close it early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    process.exitCode = (await command()) === 'well' ? 0 : 1;
  } catch (error) {
    const isForeseen = error instanceof BadUse || error instanceof SettingsFault;
    const text = isForeseen ? error.message : String(error instanceof Error ? error.stack : error);
    console.error(redact(text));
    process.exitCode = 2;
  }
}

/**
 * The options of the command line, or of a part of it.
 *
 * @throws {BadUse} for an unknown option, and for any argument that is none: it may be a token.
 */
export function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
  args: readonly string[] = process.argv.slice(2),
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error;
    if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new BadUse(
        'Only options are taken. A token or a bearer as an argument would stay in the shell’s history: see --help for where it goes.',
      );
    }
    throw new BadUse(`${error.message}\nSee --help.`);
  }
}

/** The options of a whole command; where it is asked for help, it prints this and ends. */
export function readCommand<const Options extends NonNullable<ParseArgsConfig['options']>>(
  help: string,
  options: Options,
) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } }, strict: false });
  if (values.help !== true) return readOptions(options);
  process.stdout.write(help);
  process.exit(0);
}

/** @throws {BadUse} unless it is one of the contract's roles, or not given */
export function readRole(given: string | undefined): Role | undefined {
  const role = roles.find((name) => name === given);
  if (given === role) return role;
  throw new BadUse(`--role should be one of: ${roles.join(', ')}.`);
}
