// @ts-check
/**
 * When somebody should look. Each alarm watches five minutes; silence is no alarm, since nobody meets at night.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { alarmsTopic } = await resolveVariable('self:custom.deployment');
  const actions = alarmsTopic === undefined ? {} : { AlarmActions: [alarmsTopic], OKActions: [alarmsTopic] };

  /**
   * @param {string} name
   * @param {string} description
   * @param {object} condition
   */
  const alarm = (name, description, condition) => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: { 'Fn::Sub': `\${TokenLambdaFunction}-${name}` },
      AlarmDescription: description,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Period: 300,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
      ...condition,
      ...actions,
    },
  });

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

  /**
   * An HTTP API counts all 4xx as one: its access log tells them apart.
   *
   * @param {number} status
   */
  const countOf = (status) => ({
    MetricNamespace: { 'Fn::Sub': `\${TokenLambdaFunction}` },
    MetricName: `Status${status}`,
  });
  /** @param {number} status */
  const counter = (status) => ({
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: { Ref: 'HttpApiLogGroup' },
      FilterPattern: `{ $.status = ${status} }`,
      MetricTransformations: [{ ...countOf(status), MetricValue: '1', DefaultValue: 0, Unit: 'Count' }],
    },
  });
  /** @param {number} status */
  const counted = (status) => {
    const { MetricNamespace, MetricName } = countOf(status);
    return { Namespace: MetricNamespace, MetricName, Statistic: 'Sum' };
  };

  return {
    Resources: {
      ServerErrorsAlarm: alarm(
        'server-errors',
        'Readers got 5xx: credentials_unavailable (503), a crash or a timeout. The function log has the causes.',
        // One alone may be a hiccup that the client has already tried again.
        { ...gateway, MetricName: '5xx', Statistic: 'Sum', Threshold: 3 },
      ),
      LatencyAlarm: alarm(
        'latency',
        'One reader in a hundred waited 3 s or more, for a quarter of an hour.',
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
      FunctionErrorsAlarm: alarm(
        'function-errors',
        'The function crashed or timed out, which it should never do: it answers its own failures.',
        { ...lambda, MetricName: 'Errors', Statistic: 'Sum', Threshold: 1 },
      ),
      FunctionThrottlesAlarm: alarm(
        'function-throttles',
        'Lambda turned requests away: the reserved concurrency, or the quota of the account, is used up.',
        { ...lambda, MetricName: 'Throttles', Statistic: 'Sum', Threshold: 1 },
      ),
      UnauthorizedCount: counter(401),
      UnauthorizedAlarm: alarm(
        'unauthorized',
        'Many requests without a valid JWT: a client that does not renew it, a wrong issuer or audience, or somebody who tries.',
        // Now and then a JWT expires under way; a hundred do not.
        { ...counted(401), Threshold: 100 },
      ),
      TooManyRequestsCount: counter(429),
      TooManyRequestsAlarm: alarm(
        'too-many-requests',
        'The stage turned requests away: a flood, or throttling-rate and throttling-burst have become too low.',
        { ...counted(429), Threshold: 10 },
      ),
    },
  };
};
