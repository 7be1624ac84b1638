// @ts-check
/**
 * Alarms for operators: to look at once (`wake`), or on the next working day (`notice`). docs/alarms.md has a section for each
 * alarm, under its name, and the table of what raises which: their thresholds follow from it.
 *
 * @param {Pick<import('./parameters.cjs').Deployment, 'alarmsTopic' | 'noticesTopic' | 'checkMinutes'>} deployment
 */
module.exports = ({ alarmsTopic, noticesTopic = alarmsTopic, checkMinutes }) => {
  /** @type {(topic: string | undefined) => (name: string, description: string, condition: object) => object} */
  const alarmTo = (topic) => (name, description, condition) => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: { 'Fn::Sub': `\${TokenLambdaFunction}-${name}` },
      AlarmDescription: `${description} What to do: docs/alarms.md, "${name}".`,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Period: 300,
      EvaluationPeriods: 1,
      // There are no readers at night.
      TreatMissingData: 'notBreaching',
      ...condition,
      ...(topic && { AlarmActions: [topic], OKActions: [topic] }),
    },
  });
  const wake = alarmTo(alarmsTopic);
  const notice = alarmTo(noticesTopic);

  const gateway = {
    Namespace: 'AWS/ApiGateway',
    Dimensions: [
      { Name: 'ApiId', Value: { Ref: 'HttpApi' } },
      { Name: 'Stage', Value: { Ref: 'HttpApiStage' } },
    ],
  };
  /** The version that readers reach, and no other. */
  const live = {
    Namespace: 'AWS/Lambda',
    Dimensions: [
      { Name: 'FunctionName', Value: { Ref: 'TokenLambdaFunction' } },
      { Name: 'Resource', Value: { 'Fn::Sub': `\${TokenLambdaFunction}:live` } },
    ],
  };
  /** The namespace of the metrics from the function's log lines (lib/metrics.ts) and of the filters below: the function's name. */
  const own = { 'Fn::Sub': `\${TokenLambdaFunction}` };

  /**
   * An HTTP API counts all 4xx as one metric; its access log has the status of each.
   *
   * @param {number} status
   * @param {number} [as] the status whose metric this is: of another it counts 0
   */
  const counter = (status, as = status) => ({
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: { Ref: 'HttpApiLogGroup' },
      FilterPattern: `{ $.status = ${status} }`,
      MetricTransformations: [
        {
          MetricNamespace: own,
          MetricName: `Status${as}`,
          MetricValue: as === status ? '1' : '0',
          Unit: 'Count',
        },
      ],
    },
  });

  return {
    ...(checkMinutes > 0 && {
      CheckFailedAlarm: wake(
        'check-failed',
        'Readers can not join, or soon will not be able to: the check of the deployment failed twice, or did not run. Look at the log of the check: it says what failed, in one sentence.',
        {
          Namespace: { 'Fn::Sub': `\${CheckLambdaFunction}` },
          MetricName: 'check_failed',
          Statistic: 'Maximum',
          Threshold: 1,
          Period: 60 * checkMinutes,
          // One failure may be short; two in three checks are not.
          EvaluationPeriods: 3,
          DatapointsToAlarm: 2,
          TreatMissingData: 'breaching',
        },
      ),
    }),
    ServerErrorsAlarm: wake(
      'server-errors',
      'Readers can not join: they got 5xx. Look at the function log: the lines with status 503 and 500 have the causes; if there are none, the function crashed, timed out or was throttled.',
      // A single one may be a short failure after which the client's retry succeeded.
      { ...gateway, MetricName: '5xx', Statistic: 'Sum', Threshold: 3 },
    ),
    FailedReadsAlarm: notice(
      'failed-reads',
      'Readers notice nothing yet: some environments can not read or use the secret, and sign with the last good credentials for an hour. Look at the function log: lines with "could not be fetched" have the causes.',
      {
        Namespace: own,
        MetricName: 'failed_reads',
        Statistic: 'Sum',
        Threshold: 1,
        // A single failure in a quarter of an hour is cured by the next read.
        EvaluationPeriods: 3,
        DatapointsToAlarm: 2,
      },
    ),
    LatencyAlarm: notice(
      'latency',
      'One reader in ten waited 1.5 s or more. Look at the dashboard: cold starts, or the reads of the secret.',
      // Longer than a cold start takes.
      { ...gateway, MetricName: 'Latency', ExtendedStatistic: 'p90', Threshold: 1500 },
    ),
    FunctionErrorsAlarm: notice(
      'function-errors',
      'A request, of a reader or of the check, got no answer: the function crashed or timed out. It should never do so, since it answers its own errors. Look at the function log, around the requests that have no line.',
      { ...live, MetricName: 'Errors', Statistic: 'Sum', Threshold: 1 },
    ),
    UnauthorizedCount: counter(401),
    // A token that was issued counts as 0: where the minimum is 1, there were refusals and no tokens.
    AuthorizedCount: counter(200, 401),
    UnauthorizedAlarm: notice(
      'unauthorized',
      'All readers who asked were refused for their JWT: the issuer or audience is wrong, the identity provider is down, a client does not renew its JWT, or it is an attack. Look at the dashboard: does any reader get a token?',
      {
        Namespace: own,
        MetricName: 'Status401',
        // Three minutes in which nobody got a token: a few expired JWTs are normal.
        Statistic: 'Minimum',
        Threshold: 1,
        Period: 60,
        EvaluationPeriods: 15,
        DatapointsToAlarm: 3,
      },
    ),
    TooManyRequestsCount: counter(429),
    TooManyRequestsAlarm: notice(
      'too-many-requests',
      'Readers got 429 and their clients retried: many readers came at once, or it is a flood, or throttling-rate and throttling-burst are too low by now. Look at the dashboard: how many joined at that time?',
      { Namespace: own, MetricName: 'Status429', Statistic: 'Sum', Threshold: 10 },
    ),
  };
};
