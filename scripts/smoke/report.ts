import { type Check, crossesIn } from '../../token-check/check.ts';
import { paint, tableOf } from '../checks/table.ts';

/** The checks as a person reads them; in colours if the stream shows them. */
export function reportOf(url: string, checks: readonly Check[], stream: NodeJS.WriteStream): string {
  return `${url}\n\n${tableOf(checks, stream)}\n${summaryOf(checks, stream)}\n`;
}

function summaryOf(checks: readonly Check[], stream: NodeJS.WriteStream): string {
  const crosses = crossesIn(checks).length;
  if (crosses > 0)
    return paint('red', crosses === 1 ? 'A cross above.' : `${crosses} crosses above.`, stream);
  return checks.some(({ mark }) => mark === 'warning')
    ? paint('yellow', 'No cross, but a warning above.', stream)
    : paint('green', 'Nothing is wrong.', stream);
}
