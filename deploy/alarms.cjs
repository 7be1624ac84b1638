// @ts-check
/**
 * When somebody should look: at once (`wake`), or on the next working day (`notice`). Silence is no alarm, since nobody meets at
 * night. docs/operations.md has a section for each, under its name.
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
      AlarmDescription: `${description} What to do: docs/operations.md, "${name}".`,
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
  /** What the function's own log lines count (lib/metrics.ts), and the filters below: a namespace with the function's name. */
  const own = { 'Fn::Sub': `\${TokenLambdaFunction}` };

  /**
   * An HTTP API counts all 4xx as one: its access log tells them apart.
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
        'Readers can not join: they got 5xx. Look at the function log: status 503 and 500 have their causes; none there means a crash or a timeout.',
        // One alone may be a hiccup that the client has already tried again.
        { ...gateway, MetricName: '5xx', Statistic: 'Sum', Threshold: 3 },
      ),
      StaleCredentialsAlarm: wake(
        'stale-credentials',
        'Readers notice nothing yet: tokens are signed with the last good credentials, because the secret can not be read or used. Where it can not be read, every join fails with 503 some 50 minutes from now. Look at the function log: "could not be fetched" has the causes.',
        {
          Namespace: own,
          MetricName: 'stale_credentials',
          // One in ten answers: a read that was slow once is no outage, however many environments there are.
          Statistic: 'Average',
          Threshold: 0.1,
          EvaluationPeriods: 6,
          DatapointsToAlarm: 2,
        },
      ),
      PreviousCredentialsAlarm: wake(
        'previous-credentials',
        'Readers notice nothing while LiveKit knows the key before: new environments sign with it, because the current version of the secret can not be used. Once that key is deleted in LiveKit nobody can join. Look at the function log: it names the fault and both versions.',
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
          // The p99 of a handful is their slowest: most often a cold start.
          EvaluateLowSampleCountPercentile: 'ignore',
        },
      ),
      FunctionErrorsAlarm: notice(
        'function-errors',
        'A reader got 500: the function crashed or timed out, which it should never do, since it answers its own failures. Look at the function log, around the requests that have no line.',
        { ...lambda, MetricName: 'Errors', Statistic: 'Sum', Threshold: 1 },
      ),
      FunctionThrottlesAlarm: notice(
        'function-throttles',
        'Readers got 503 and their clients tried again: Lambda turned requests away, because the reserved concurrency or the quota of the account is used up. Look at the concurrency of this function and of its neighbours.',
        { ...lambda, MetricName: 'Throttles', Statistic: 'Sum', Threshold: 1 },
      ),
      UnauthorizedCount: counter(401),
      UnauthorizedAlarm: notice(
        'unauthorized',
        'Many requests came without a valid JWT: a client that does not renew it, a wrong issuer or audience (then no reader can join), or somebody who tries. Look at the dashboard: do others still get tokens?',
        // Now and then a JWT expires under way; a hundred do not.
        { ...counted(401), Threshold: 100 },
      ),
      TooManyRequestsCount: counter(429),
      TooManyRequestsAlarm: notice(
        'too-many-requests',
        'Readers got 429 and their clients tried again: a crowd or a flood, or throttling-rate and throttling-burst have become too low. Look at the dashboard: how many joined at that time?',
        { ...counted(429), Threshold: 10 },
      ),
    },
  };
};
