import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { findToken } from '../../token-check/find-token.ts';

/**
 * Reads standard input: a whole pipe or file, or what is pasted into a terminal, which does not show it.
 *
 * @param prompt what to ask for on a terminal, on standard error
 */
export async function ask(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return readAll(process.stdin);
  process.stderr.write(`${prompt} (it stays hidden) and press Enter: `);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  lines.on('SIGINT', () => process.exit(130));
  let text = '';
  // A whole answer in JSON may have several lines: reading ends after the line with the token.
  for await (const line of lines) {
    text += `${line}\n`;
    if (findToken(text) !== undefined || line.trim() === '' || !text.trimStart().startsWith('{')) break;
  }
  lines.close();
  process.stderr.write('\n');
  return text;
}
