/** "Check another token": shows the findings for pasted text. The text does not leave the page. */
import { explainMessage } from '../../../token-check/explain-answer.ts';
import { findToken } from '../../../token-check/find-token.ts';
import { type Finding, summarise } from '../../../token-check/finding.ts';
import { judgeToken } from '../../../token-check/judge-token.ts';
import { byId } from './dom.ts';
import { showFindings } from './findings.ts';

export function setUpAnyToken(): void {
  const list = byId('any-token-checks', HTMLElement);
  byId('any-token', HTMLFormElement).addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = byId('any-token-input', HTMLTextAreaElement).value;
    const findings = text.trim() === '' ? [] : await judgeToken(findToken(text) ?? text.trim());
    showFindings(list, findings);
    list.hidden = findings.length === 0;
    byId('any-token-verdict', HTMLElement).textContent = outcome(text, findings);
  });
}

function outcome(text: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return 'There is no token yet: paste one above.';
  const explanation = findings[0]?.claim === 'token' ? explainMessage(text) : undefined;
  return explanation === undefined ? summarise(findings) : `${explanation.cause} ${explanation.remedy}`;
}
