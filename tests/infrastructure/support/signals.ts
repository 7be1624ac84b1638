/** Alarms and metric filters of the generated template, with its references filled in as CloudFormation would. */
import * as v from 'valibot';
import { alarmRuleSchema } from '../../../stand-ins/cloudwatch/alarm.ts';
import { type Resource, resourcesOf, type Template } from './packaged.ts';

export const functionName = 'booky-meeting-token-prod-token';
export const checkName = 'booky-meeting-token-prod-check';

export const secret = {
  LIVEKIT_API_KEY: 'APIkey',
  LIVEKIT_API_SECRET: 'a-secret-of-at-least-32-characters',
  LIVEKIT_WS_URL: 'wss://project.livekit.cloud',
};

/** Of AWS's own metrics, those of the gateway and of the version that readers reach. */
export const ofGateway = { ApiId: 'r3pmxmplak', Stage: '$default' };
export const ofFunction = { FunctionName: functionName, Resource: `${functionName}:live` };

/** What CloudFormation puts in the place of references: `${Name}` in a text, or the name alone. */
export function resolve(template: string): string {
  const values: Record<string, string> = {
    TokenLambdaFunction: functionName,
    CheckLambdaFunction: checkName,
    TokenLogGroup: `/aws/lambda/${functionName}`,
    HttpApiLogGroup: '/aws/vendedlogs/http-api/booky-meeting-token-prod',
    HttpApi: ofGateway.ApiId,
    HttpApiStage: ofGateway.Stage,
    'AWS::Region': 'eu-central-1',
    'AWS::StackName': 'booky-meeting-token-prod',
  };
  return template.includes('${')
    ? template.replace(/\$\{([\w:]+(?:\.Arn)?)\}/g, (_, name: string) => values[name] ?? name)
    : (values[template] ?? template);
}

export const text = v.pipe(
  v.union([v.string(), v.object({ Ref: v.string() }), v.object({ 'Fn::Sub': v.string() })]),
  v.transform((value) => (typeof value === 'string' ? value : resolve(Object.values(value)[0] ?? ''))),
);

const alarmSchema = v.intersect([
  v.object({
    AlarmName: text,
    AlarmDescription: v.string(),
    Namespace: text,
    MetricName: v.string(),
    Dimensions: v.optional(v.array(v.object({ Name: v.string(), Value: text })), []),
  }),
  alarmRuleSchema,
]);
const filterSchema = v.object({
  LogGroupName: v.object({ Ref: v.literal('HttpApiLogGroup') }),
  FilterPattern: v.string(),
  MetricTransformations: v.tuple([
    v.object({ MetricNamespace: text, MetricName: v.string(), MetricValue: v.picklist(['0', '1']) }),
  ]),
});

export type Alarm = ReturnType<typeof readAlarm>;

/** A metric's name with its namespace and dimensions: what an alarm or a graph has to say exactly. */
export const identity = (
  namespace: string,
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
) => JSON.stringify([namespace, name, Object.entries(dimensions).toSorted()]);

function readAlarm(id: string, { Properties }: Resource) {
  const alarm = v.parse(alarmSchema, Properties);
  const dimensions = Object.fromEntries(alarm.Dimensions.map(({ Name, Value }) => [Name, Value]));
  return {
    id,
    /** After the function's. */
    name: alarm.AlarmName.replace(`${functionName}-`, ''),
    metric: identity(alarm.Namespace, alarm.MetricName, dimensions),
    description: alarm.AlarmDescription,
    rule: alarm,
  };
}

export const alarmsOf = (template: Template) =>
  Object.entries(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(([id, resource]) =>
    readAlarm(id, resource),
  );

export const filtersOf = (template: Template) =>
  Object.values(resourcesOf(template, 'AWS::Logs::MetricFilter')).map(({ Properties }) => {
    const { FilterPattern, MetricTransformations } = v.parse(filterSchema, Properties);
    const [{ MetricNamespace, MetricName, MetricValue }] = MetricTransformations;
    return {
      pattern: FilterPattern,
      metric: identity(MetricNamespace, MetricName),
      value: Number(MetricValue),
    };
  });
