// @ts-check
/**
 * Alarms for operators: to look at once (`wake`), or on the next working day (`notice`). Missing data is no alarm, since there are
 * no meetings at night. docs/alarms.md has a section for each alarm, under its name.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { alarmsTopic, noticesTopic = alarmsTopic } = await resolveVariable('self:custom.deployment');

  /** @type {(topic: string | undefined) => (name: string, description: string, condition: object) => object} */
  const alarmTo = (topic) => (name, description, condition) => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: { 'Fn::Sub': `\${TokenLambdaFunction}-${name}` },
      AlarmDescription: `${description} What to do: docs/alarms.md, "${name}".`,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Period: 300,
      EvaluationPeriods: 1,
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
  const lambda = {
    Namespace: 'AWS/Lambda',
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'TokenLambdaFunction' } }],
  };
  /** The namespace of the metrics from the function's log lines (lib/metrics.ts) and of the filters below: the function's name. */
  const own = { 'Fn::Sub': `\${TokenLambdaFunction}` };

  /**
   * An HTTP API counts all 4xx as one metric; its access log has the status of each.
   *
   * @param {number} status
   */
  const counter = (status) => ({
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: { Ref: 'HttpApiLogGroup' },
      FilterPattern: `{ $.status = ${status} }`,
      MetricTransformations: [
        {
          MetricNamespace: own,
          MetricName: `Status${status}`,
          MetricValue: '1',
          DefaultValue: 0,
          Unit: 'Count',
        },
      ],
    },
  });
  /** @param {number} status */
  const counted = (status) => ({ Namespace: own, MetricName: `Status${status}`, Statistic: 'Sum' });

  return {
    Resources: {
      ServerErrorsAlarm: wake(
        'server-errors',
        'Readers can not join: they got 5xx. Look at the function log: the lines with status 503 and 500 have the causes; if there are none, the function crashed or timed out.',
        // A single one may be a short failure after which the client's retry succeeded.
        { ...gateway, MetricName: '5xx', Statistic: 'Sum', Threshold: 3 },
      ),
      StaleCredentialsAlarm: wake(
        'stale-credentials',
        'Readers notice nothing yet: tokens are signed with the last good credentials, because the secret can not be read or used. If it can not be read, every join fails with 503 some 50 minutes from now. Look at the function log: lines with "could not be fetched" have the causes.',
        {
          Namespace: own,
          MetricName: 'stale_credentials',
          // One in ten answers: a single slow read is no outage, for any number of environments.
          Statistic: 'Average',
          Threshold: 0.1,
          EvaluationPeriods: 6,
          DatapointsToAlarm: 2,
        },
      ),
      PreviousCredentialsAlarm: wake(
        'previous-credentials',
        'Readers notice nothing while LiveKit accepts the previous key: new environments sign with it, because the current version of the secret can not be used. When that key is deleted in LiveKit, no reader can join. Look at the function log: it names the fault and both versions.',
        { Namespace: own, MetricName: 'previous_credentials', Statistic: 'Sum', Threshold: 1 },
      ),
      LatencyAlarm: notice(
        'latency',
        'One reader in a hundred waited 3 s or more, for a quarter of an hour. Look at the dashboard: cold starts, or the reads of the secret.',
        {
          ...gateway,
          MetricName: 'Latency',
          ExtendedStatistic: 'p99',
          // Longer than a cold start, and than the 2 s that a request waits for credentials.
          Threshold: 3000,
          EvaluationPeriods: 3,
          // The p99 of a few requests is the slowest of them: most often a cold start.
          EvaluateLowSampleCountPercentile: 'ignore',
        },
      ),
      FunctionErrorsAlarm: notice(
        'function-errors',
        'A reader got 500: the function crashed or timed out. It should never do so, since it answers its own errors. Look at the function log, around the requests that have no line.',
        { ...lambda, MetricName: 'Errors', Statistic: 'Sum', Threshold: 1 },
      ),
      FunctionThrottlesAlarm: notice(
        'function-throttles',
        'Readers got 503 and their clients retried: Lambda refused requests, because the reserved concurrency or the quota of the account is used up. Look at the concurrency of this function and of the others in the account.',
        { ...lambda, MetricName: 'Throttles', Statistic: 'Sum', Threshold: 1 },
      ),
      UnauthorizedCount: counter(401),
      UnauthorizedAlarm: notice(
        'unauthorized',
        'Many requests came without a valid JWT: a client does not renew it, the issuer or audience is wrong (then no reader can join), or it is an attack. Look at the dashboard: do other readers still get tokens?',
        // Single JWTs expire just before they are used; a hundred do not.
        { ...counted(401), Threshold: 100 },
      ),
      TooManyRequestsCount: counter(429),
      TooManyRequestsAlarm: notice(
        'too-many-requests',
        'Readers got 429 and their clients retried: many readers came at once, or it is a flood, or throttling-rate and throttling-burst are too low by now. Look at the dashboard: how many joined at that time?',
        { ...counted(429), Threshold: 10 },
      ),
    },
  };
};
