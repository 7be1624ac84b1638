// @ts-check
/**
 * The schedule on which the deployment is checked (`check-minutes`), and the permission that it needs.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { checkMinutes } = await resolveVariable('self:custom.deployment');
  if (checkMinutes === 0) return {};
  const check = { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] };
  return {
    Resources: {
      CheckSchedule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Description: 'Checks the token endpoint',
          ScheduleExpression: `rate(${checkMinutes} ${checkMinutes === 1 ? 'minute' : 'minutes'})`,
          Targets: [{ Id: 'check', Arn: check }],
        },
      },
      CheckSchedulePermission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: check,
          Action: 'lambda:InvokeFunction',
          Principal: 'events.amazonaws.com',
          SourceArn: { 'Fn::GetAtt': ['CheckSchedule', 'Arn'] },
        },
      },
    },
  };
};
