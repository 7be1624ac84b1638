/**
 * Which alarm is raised by what, and after how many minutes: the table of docs/alarms.md, held to CloudWatch's rules and to what
 * the packaged function logs in each situation.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import { type AlarmRule, isAlarmOn } from '../../stand-ins/cloudwatch/alarm.ts';
import { type Alarm, alarmsOf } from './support/signals.ts';
import {
  endsIn,
  faultAt,
  type Metrics,
  metricsOf,
  minutes,
  situations,
  traffic,
} from './support/situations.ts';

/** When missing data from before the first minute counts no more. */
const settledAt = 30;

const { template, directory } = inject('packaged');
const alarms = alarmsOf(template);
/** What is counted, by situation and traffic. */
let counted: Record<string, Record<string, Metrics>>;

beforeAll(async () => {
  const well = await endsIn(directory, {});
  const all = Object.entries(situations).map(([name, situation]) => ({ name, situation, ends: well }));
  const inTrouble = all.filter(({ situation }) => situation.store ?? situation.function ?? situation.gateway);
  // Two at a time: more would wait for the processor, which is another trouble.
  const run = async (lane: number) => {
    for (const [index, each] of inTrouble.entries()) {
      if (index % 2 === lane) each.ends = await endsIn(directory, each.situation);
    }
  };
  await Promise.all([run(0), run(1)]);
  counted = Object.fromEntries(
    all.map(({ name, situation, ends }) => {
      const ofTraffic = Object.entries(traffic).map(([who, readers]) => [
        who,
        metricsOf(template, { ...situation, ends }, well, readers),
      ]);
      return [name, Object.fromEntries(ofTraffic)];
    }),
  );
});

/** The alarms that are raised, with the whole minutes from the fault to each. */
function raised(among: readonly Alarm[], metrics: Metrics): string {
  return among
    .map(({ name, metric, rule }) => {
      const states = isAlarmOn(rule, metrics.get(metric) ?? [], minutes);
      return { name, after: states.indexOf(true, settledAt) - faultAt };
    })
    .filter(({ after }) => after >= settledAt - faultAt)
    .toSorted((a, b) => a.after - b.after || a.name.localeCompare(b.name))
    .map(({ name, after }) => `\`${name}\` ${after}`)
    .join(', ');
}

/** The rows of the documentation's table; situations that raise the same share one. */
function tableOf(): string[] {
  const rows = new Map<string, string[]>();
  for (const [situation, ofTraffic] of Object.entries(counted)) {
    const cells = Object.values(ofTraffic).map((metrics) => raised(alarms, metrics));
    const row = cells.join(' | ');
    rows.set(row, [...(rows.get(row) ?? []), situation]);
  }
  return [...rows].map(([cells, situations]) =>
    `| ${situations.join('; ')} | ${cells} |`.replaceAll(/ {2}(?=\|)/g, ' '),
  );
}

test('each alarm is raised when the documentation says, and at no other time', async () => {
  const page = await readFile(new URL('../../docs/alarms.md', import.meta.url), 'utf8');
  const [, documented = ''] = /<!-- situations -->\n\n.*?\n.*?\n(.*?)\n\n<!-- end -->/s.exec(page) ?? [];
  expect(documented.split('\n')).toEqual(tableOf());
});

test('an outage wakes somebody within ten minutes, and nothing else wakes anybody', () => {
  const wakes = alarms.filter(({ name }) => ['check-failed', 'server-errors'].includes(name));
  for (const [name, { check }] of Object.entries(situations)) {
    if (check === 'does not run') continue;
    for (const metrics of Object.values(counted[name] ?? {})) {
      const after = Number(/\d+/.exec(raised(wakes, metrics))?.[0] ?? Infinity);
      expect(check === 'fails' ? after <= 10 : after === Infinity, `${name}: ${after} minutes`).toBe(true);
    }
  }
});

test('without an alarm, or with another threshold, the table is another', () => {
  /** What the table says of an alarm, after these changes of its rule. */
  const saidOf = (alarm: Alarm, changes: Partial<AlarmRule> = {}) => {
    const changed = { ...alarm, rule: { ...alarm.rule, ...changes } };
    return Object.values(counted)
      .flatMap((ofTraffic) => Object.values(ofTraffic))
      .map((metrics) => raised([changed], metrics));
  };
  for (const alarm of alarms) {
    const { name, rule } = alarm;
    const said = saidOf(alarm);
    expect(said.join(''), name).not.toBe('');
    expect(saidOf(alarm, { Threshold: 10_000 * rule.Threshold }), `${name}, higher`).not.toEqual(said);
    const lower = rule.DatapointsToAlarm
      ? { DatapointsToAlarm: rule.DatapointsToAlarm - 1 }
      : { Threshold: rule.Threshold === 1 ? 0 : rule.Threshold / 3 };
    expect(saidOf(alarm, lower), `${name}, lower`).not.toEqual(said);
    if (rule.TreatMissingData === 'breaching') {
      expect(saidOf(alarm, { TreatMissingData: 'notBreaching' }), `${name}, missing`).not.toEqual(said);
    }
  }
});
