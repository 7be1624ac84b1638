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

const { template, directory } = inject('production');
const alarms = alarmsOf(template);
/** What is counted, by situation and traffic. */
let counted: Record<string, Record<string, Metrics>>;

beforeAll(async () => {
  const well = await endsIn(directory, {});
  const ofSituation = async ([name, situation]: (typeof all)[number]) => {
    const isWell = situation.store === undefined && !situation.function && !situation.gateway;
    const ends = isWell ? well : await endsIn(directory, situation);
    const ofTraffic = Object.entries(traffic).map(([who, readers]) => [
      who,
      metricsOf(template, { ...situation, ends }, well, readers),
    ]);
    return [name, Object.fromEntries(ofTraffic)];
  };
  const all = Object.entries(situations);
  counted = Object.fromEntries(await Promise.all(all.map(ofSituation)));
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
function tableOf(among: readonly Alarm[]): string[] {
  const rows = new Map<string, string[]>();
  for (const [situation, ofTraffic] of Object.entries(counted)) {
    const cells = Object.values(ofTraffic).map((metrics) => raised(among, metrics));
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
  expect(documented.split('\n')).toEqual(tableOf(alarms));
});

test('no outage is unknown for more than ten minutes, and what is healthy wakes nobody', () => {
  const wakes = alarms.filter(({ name }) => ['check-failed', 'server-errors'].includes(name));
  const firstOf = (situation: string) =>
    Object.values(counted[situation] ?? {}).map((metrics) => raised(wakes, metrics).match(/\d+/)?.[0]);
  for (const situation of ['all is well', 'a deployment', 'one check fails', 'a flood without JWTs']) {
    expect(firstOf(situation), situation).toEqual([undefined, undefined, undefined, undefined]);
  }
  const outages = Object.keys(counted).filter((name) =>
    /secret|KMS|key|LiveKit|wrong|crashes$|throttled/.test(name),
  );
  expect(outages.length).toBeGreaterThan(6);
  for (const situation of outages) {
    for (const after of firstOf(situation)) expect(Number(after), situation).toBeLessThanOrEqual(10);
  }
});

test('without an alarm, or with another threshold, the table is another', () => {
  const table = tableOf(alarms);
  const changed = (name: string, changes: Partial<AlarmRule>) =>
    tableOf(
      alarms.map((alarm) =>
        alarm.name === name ? { ...alarm, rule: { ...alarm.rule, ...changes } } : alarm,
      ),
    );
  for (const { name, rule } of alarms) {
    expect(tableOf(alarms.filter((alarm) => alarm.name !== name)), name).not.toEqual(table);
    expect(changed(name, { Threshold: 10_000 * rule.Threshold }), `${name}, higher`).not.toEqual(table);
    const lower = rule.DatapointsToAlarm
      ? { DatapointsToAlarm: rule.DatapointsToAlarm - 1 }
      : { Threshold: rule.Threshold === 1 ? 0 : rule.Threshold / 3 };
    expect(changed(name, lower), `${name}, lower`).not.toEqual(table);
  }
  expect(changed('check-failed', { TreatMissingData: 'notBreaching' })).not.toEqual(table);
});
