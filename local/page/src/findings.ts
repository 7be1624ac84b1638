/** Shows findings about a token on the page, one list item each. */
import { type Finding, foretell, type Verdict } from '../../../token-check/finding.ts';
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
    ...findings.map((finding) => {
      const { claim, value, verdict, meaning, remedy } = finding;
      const { sign, word } = marks[verdict];
      const advice = [foretell(finding), remedy].filter(Boolean).join(' ');
      return create('li', { className: verdict }, [
        create('span', { className: 'mark', ariaHidden: 'true' }, [sign]),
        create('span', { className: 'visually-hidden' }, [word]),
        create('code', {}, [claim]),
        create('span', { className: 'value' }, [value]),
        create('span', { className: 'meaning' }, [meaning]),
        ...(advice === '' ? [] : [create('span', { className: 'remedy' }, [advice])]),
      ]);
    }),
  );
}
