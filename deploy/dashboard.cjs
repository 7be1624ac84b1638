// @ts-check
/**
 * The dashboard: joins, refusals, latency, cold starts and the credentials in use, and log queries for the usual questions, on one
 * page.
 */

/** The contract's error codes. */
const refusals = [
  'invalid_json',
  'invalid_request',
  'unauthenticated',
  'not_a_member',
  'body_too_large',
  'unsupported_media_type',
  'token_generation_failed',
  'credentials_unavailable',
];

/** Filled in by CloudFormation: the function's name is also the namespace of its own metrics. */
const functionName = `\${TokenLambdaFunction}`;
const functionLog = `SOURCE '\${TokenLogGroup}'`;
const gatewayLog = `SOURCE '\${HttpApiLogGroup}'`;
const gateway = ['ApiId', `\${HttpApi}`, 'Stage', `\${HttpApiStage}`];

/** A placeholder: the operator enters a request's id in the field at the top of the dashboard. */
const requestId = 'REQUEST_ID';

/** The dashboard is 24 columns wide. @type {(type: string, title: string, properties: object, width?: number) => object} */
const widget = (type, title, properties, width = 12) => ({
  type,
  width,
  height: 6,
  properties: { title, region: `\${AWS::Region}`, ...properties },
});

/** @type {(title: string, stat: string, metrics: unknown[][]) => object} */
const graph = (title, stat, metrics) =>
  widget('metric', title, { view: 'timeSeries', period: 300, stat, metrics });

/** Logs Insights. @type {(title: string, view: 'table' | 'timeSeries', query: string[]) => object} */
const log = (title, view, query) => widget('log', title, { view, query: query.join(' | ') });

const graphsAndLogs = [
  graph('Joins', 'Sum', [[functionName, 'requests', 'code', 'ok', { label: 'tokens issued' }]]),
  graph('Refusals by code', 'Sum', [
    ...refusals.map((code) => [functionName, 'requests', 'code', code, { label: code }]),
    [functionName, 'Status401', { label: '401 of the gateway' }],
    [functionName, 'Status429', { label: '429 of the gateway' }],
    ['AWS/ApiGateway', '5xx', ...gateway, { label: '5xx in all' }],
  ]),
  graph('Latency (ms)', 'p99', [
    ['AWS/ApiGateway', 'Latency', ...gateway, { stat: 'p50', label: 'readers, p50' }],
    ['AWS/ApiGateway', 'Latency', ...gateway, { label: 'readers, p99' }],
    [functionName, 'duration_ms', { stat: 'p50', label: 'function, p50' }],
    [functionName, 'duration_ms', { label: 'function, p99' }],
  ]),
  graph('Cold starts', 'Sum', [[functionName, 'cold_start', { label: 'cold starts' }]]),
  graph('Credentials that are not the current ones', 'Sum', [
    [functionName, 'stale_credentials', { label: 'tokens with stale credentials' }],
    [functionName, 'previous_credentials', { label: 'tokens with the previous version' }],
    [functionName, 'failed_reads', { label: 'failed reads' }],
  ]),
  log("Credentials' age (minutes)", 'timeSeries', [
    functionLog,
    'filter ispresent(credentials_age_ms)',
    'stats max(credentials_age_ms) / 60000 as minutes by bin(5m)',
  ]),
  log('Versions of the secret in use', 'table', [
    functionLog,
    'filter ispresent(credentials_version)',
    'stats count() as tokens, max(@timestamp) as last by credentials_version, credentials_state',
    'sort last desc',
  ]),
  log('Slowest cold starts', 'table', [
    functionLog,
    // Lambda's own line: the function can't see how long its init took.
    "filter type = 'platform.report' and ispresent(record.metrics.initDurationMs)",
    'fields @timestamp, record.metrics.initDurationMs as init, record.metrics.durationMs as request, record.requestId',
    'sort init desc',
    'limit 20',
  ]),
  log('One request by its request_id', 'table', [
    functionLog,
    gatewayLog,
    `filter request_id = '${requestId}'`,
    'sort @timestamp',
    'fields @timestamp, @message',
  ]),
];

/**
 * @param {readonly string[]} alarms their logical ids
 */
module.exports = (alarms) => {
  const alarmArns = alarms.map((id) => `\${${id}.Arn}`);
  const field = {
    type: 'pattern',
    pattern: requestId,
    id: 'requestId',
    label: 'request_id',
    inputType: 'input',
    defaultValue: requestId,
    visible: true,
  };
  const body = {
    variables: [field],
    widgets: [widget('alarm', 'Alarms', { alarms: alarmArns }, 24), ...graphsAndLogs],
  };
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: {
        // Dashboards are global: a stack of the same name in another region has its own.
        DashboardName: { 'Fn::Sub': `\${AWS::StackName}-\${AWS::Region}` },
        DashboardBody: { 'Fn::Sub': JSON.stringify(body) },
      },
    },
  };
};
