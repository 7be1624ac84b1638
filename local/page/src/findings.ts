/** Shows findings about a token on the page, one list item each. */
import type { Finding, Verdict } from '../../../token-check/finding.ts';
import { create } from './dom.ts';

const marks: Readonly<Record<Verdict, { sign: string; word: string }>> = {
  good: { sign: '✓', word: 'Good: ' },
  warning: { sign: '!', word: 'Warning: ' },
  bad: { sign: '✗', word: 'Wrong: ' },
  withheld: { sign: '–', word: 'Withheld: ' },
};

/** Fills the list. A cross also shows LiveKit's answer; a cross and a warning show what to do. */
export function showFindings(list: HTMLElement, findings: readonly Finding[]): void {
  list.replaceChildren(
    ...findings.map(({ claim, value, verdict, meaning, answer, remedy }) => {
      const { sign, word } = marks[verdict];
      const answered = verdict === 'bad' ? `LiveKit answers ${answer.status} “${answer.reason}”. ` : '';
      return create('li', { className: verdict }, [
        create('span', { className: 'mark', ariaHidden: 'true' }, [sign]),
        create('span', { className: 'visually-hidden' }, [word]),
        create('code', {}, [claim]),
        create('span', { className: 'value' }, [value]),
        create('span', { className: 'meaning' }, [meaning]),
        ...(remedy === undefined ? [] : [create('span', { className: 'remedy' }, [answered + remedy])]),
      ]);
    }),
  );
}
