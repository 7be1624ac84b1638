/**
 * Alarms, dashboard and documentation, held to what is really emitted: the log lines of the packaged function, the gateway's access
 * log in its own format, and the metrics that AWS's services have.
 */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { statusOf } from '../../lib/contract.ts';
import { type Datapoint, metricsIn } from '../../stand-ins/cloudwatch/embedded-metrics.ts';
import { type EventOptions, tokenEvent } from '../../stand-ins/lambda/event.ts';
import { startFunction } from '../../stand-ins/lambda/runtime-api.ts';
import { startSecretsManager } from '../../stand-ins/secrets-manager.ts';
import { onlyResource } from './support/packaged.ts';
import {
  alarmsOf,
  checkName,
  filtersOf,
  functionName,
  identity,
  ofFunction,
  ofGateway,
  resolve,
  secret,
  text,
} from './support/signals.ts';

const { template, directory } = inject('packaged');
const alarms = alarmsOf(template);
const page = await readFile(new URL('../../docs/alarms.md', import.meta.url), 'utf8');
/** What the packaged function wrote: one line for each way in which a request can end, and those of its init. */
let lines: string[];
/** The metrics in these lines. */
let emitted: Datapoint[];

beforeAll(async () => {
  lines = await linesOfEveryOutcome();
  emitted = lines.flatMap(metricsIn);
});

async function linesOfEveryOutcome(): Promise<string[]> {
  const store = await startSecretsManager();
  try {
    const run = async (environment: Record<string, string>, events: readonly EventOptions[]) => {
      const lambda = await startFunction({
        directory,
        env: {
          ...store.environment,
          AWS_LAMBDA_FUNCTION_NAME: functionName,
          LIVEKIT_SECRET_ID: 'livekit',
          ...environment,
        },
      });
      for (const event of events) await lambda.invoke(tokenEvent(event));
      await lambda.stop();
      return lambda.output.trim().split('\n');
    };
    store.put('livekit', JSON.stringify(secret));
    return [
      ...(await run({ CLUBS_CLAIM: 'clubs' }, [
        { claims: { sub: 'user-001', clubs: '[123]' } },
        { claims: { sub: 'user-001', clubs: '["123"]' } },
        { claims: {} },
        { body: '{' },
        { body: '{}' },
        { body: 'x'.repeat(8_193) },
        { headers: { 'content-type': 'text/plain' } },
      ])),
      ...(await run({ LIVEKIT_SECRET_ID: 'missing' }, [{}])),
      ...(await run({ LIVEKIT_SECRET_ID: '' }, [{}])),
    ];
  } finally {
    await store.close();
  }
}

const dashboardSchema = v.object({
  DashboardName: text,
  DashboardBody: v.object({
    'Fn::Sub': v.pipe(
      v.string(),
      v.transform(resolve),
      v.parseJson(),
      v.object({
        variables: v.array(v.object({ pattern: v.string() })),
        widgets: v.array(
          v.object({
            type: v.string(),
            properties: v.object({
              title: v.string(),
              region: v.string(),
              alarms: v.optional(v.array(v.string()), []),
              metrics: v.optional(v.array(v.array(v.unknown())), []),
              query: v.optional(v.string()),
            }),
          }),
        ),
      }),
    ),
  }),
});

/** Of AWS's own metrics: "Monitoring HTTP APIs" and "Using CloudWatch metrics with Lambda". */
const vended = [
  ...['4xx', '5xx', 'Count', 'IntegrationLatency', 'Latency', 'DataProcessed'].map((name) =>
    identity('AWS/ApiGateway', name, ofGateway),
  ),
  ...['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions'].map((name) =>
    identity('AWS/Lambda', name, ofFunction),
  ),
];

/** Our own metrics: those in the function's log lines, those of the check (handlers/check.ts) and those that filters count. */
const own = () =>
  new Set([
    ...emitted.map(({ namespace, name, dimensions }) => identity(namespace, name, dimensions)),
    ...['check_passed', 'check_failed'].map((name) => identity(checkName, name)),
    ...filtersOf(template).map(({ metric }) => metric),
  ]);

describe('the function’s log lines', () => {
  test('count every request once, by its code, and tell metrics apart by nothing else', () => {
    const codes = emitted
      .filter(({ name }) => name === 'requests')
      .map(({ dimensions: { code, ...others }, value, unit }) => ({ code, others, value, unit }));
    expect(codes.toSorted((a, b) => String(a.code).localeCompare(String(b.code)))).toEqual(
      ['ok', ...Object.keys(statusOf)]
        .toSorted()
        .map((code) => ({ code, others: {}, value: 1, unit: 'Count' })),
    );
    for (const { namespace, name, dimensions } of emitted) {
      expect(namespace).toBe(functionName);
      if (name !== 'requests') expect(dimensions, name).toEqual({});
    }
  });

  test('measure each request, count each environment’s first as its cold start, and each read that fails', () => {
    const valuesOf = (wanted: string) =>
      emitted.filter(({ name }) => name === wanted).map(({ value }) => value);
    expect(valuesOf('duration_ms')).toHaveLength(9);
    expect(valuesOf('cold_start')).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 1]);
    // The prefetch, and the request's own.
    expect(valuesOf('failed_reads')).toEqual([1, 1]);
  });

  test('cost no more than the documentation says', () => {
    const [, metrics, alarmCount, bytes = ''] =
      /at most (\d+) metrics .* (\w+) alarms .*?Each request adds\s+at most (\d+) bytes/is.exec(page) ?? [];
    expect(own().size).toBe(Number(metrics));
    expect({ alarmCount, alarms: alarms.length }).toEqual({ alarmCount: 'seven', alarms: 7 });
    const issued = lines.find((line) => line.includes('Token issued.')) ?? expect.fail('None was issued.');
    // CloudWatch Logs bills 26 bytes for each event on top.
    expect(Buffer.byteLength(issued) + 26).toBeLessThanOrEqual(Number(bytes));
  });
});

describe('the dashboard', () => {
  const dashboard = onlyResource(template, 'AWS::CloudWatch::Dashboard');
  const { variables, widgets } = v.parse(dashboardSchema, dashboard).DashboardBody['Fn::Sub'];

  test('and the alarms have metrics that there are', () => {
    const existing = new Set([...vended, ...own()]);
    for (const { name, metric } of alarms) expect(existing, name).toContain(metric);
    const drawn = widgets.flatMap(({ properties }) => properties.metrics);
    expect(drawn.length).toBeGreaterThan(5);
    for (const metric of drawn) {
      const [namespace = '', name = '', ...pairs] = v.parse(
        v.array(v.string()),
        // Last come options of the drawing.
        metric.filter((part) => typeof part === 'string'),
      );
      const dimensions = pairs.flatMap((pair, index) => (index % 2 === 0 ? [[pair, pairs[index + 1]]] : []));
      expect(existing).toContain(identity(namespace, name, Object.fromEntries(dimensions)));
    }
  });

  test('shows every alarm, and the refusals of every code', () => {
    const shown = widgets.flatMap(({ properties }) => properties.alarms);
    expect(shown.toSorted()).toEqual(alarms.map(({ id }) => `${id}.Arn`).toSorted());
    const refusals = widgets.find(({ properties }) => properties.title === 'Refusals by code');
    const codes = refusals?.properties.metrics.filter(([, name]) => name === 'requests');
    expect(codes?.map((metric) => metric[3])).toEqual(Object.keys(statusOf));
  });

  test('asks the logs of this function and this gateway, for fields that their lines have', () => {
    const fields = new Set(
      lines.filter((line) => line.startsWith('{')).flatMap((line) => Object.keys(JSON.parse(line))),
    );
    const queries = widgets.flatMap(({ properties }) => properties.query ?? []);
    expect(queries.length).toBeGreaterThanOrEqual(4);
    for (const query of queries) {
      expect(query).toContain(`SOURCE '/aws/lambda/${functionName}'`);
      const ofOurs = query
        .replace(/'[^']*'| as \w+|bin\(\w+\)|record\.[\w.]+/g, '')
        .match(/\b[a-z]+(_[a-z]+)+\b/g);
      for (const field of ofOurs ?? []) expect(fields, query).toContain(field);
    }
  });

  test('has a field for the request that is asked for', () => {
    const pattern = variables[0]?.pattern ?? expect.fail('It has none.');
    const asking = widgets.filter(({ properties }) => properties.query?.includes(pattern));
    expect(asking.map(({ properties }) => properties.title)).toEqual(['One request by its request_id']);
  });
});

test('the documentation has one section for each alarm, named in the alarm’s description, and no other', () => {
  const sections = [...page.matchAll(/^### `(.+)`$\n+([^#]+)/gm)].map(([, name, body]) => ({ name, body }));
  expect(sections.map(({ name }) => name).toSorted()).toEqual(alarms.map(({ name }) => name).toSorted());
  for (const { name, body } of sections) expect(body, name).toMatch(/\*\*What to do\.\*\*/);
  for (const { name, description } of alarms) {
    expect(description).toMatch(/\breaders?\b.*Look at/is);
    expect(description.endsWith(`What to do: docs/alarms.md, "${name}".`)).toBe(true);
    expect(description.length).toBeLessThanOrEqual(1_024);
  }
});
