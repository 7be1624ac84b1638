/** What the optional parameters change in the template. */
import { beforeAll, expect, test } from 'vitest';
import {
  onlyResource,
  type Packaged,
  packageService,
  propertiesOf,
  requiredParameters,
  resourcesOf,
  tokenRole,
} from './support/packaged.ts';

const key = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const boundary = 'arn:aws:iam::123456789012:policy/boundary';
const topic = 'arn:aws:sns:eu-west-1:123456789012:on-call';
const noticesTopic = 'arn:aws:sns:eu-west-1:123456789012:tomorrow';

let packaged: Packaged;
beforeAll(async () => {
  packaged = await packageService(
    'staging',
    {
      ...requiredParameters,
      scopes: 'meetings/join,openid',
      secret: 'team/livekit',
      'livekit-url': 'wss://booky.livekit.cloud',
      'clubs-claim': 'https://booky.example/clubs',
      'moderated-clubs-claim': 'hosts',
      'listeners-claim': 'guests',
      'clubs-prefix': 'club:',
      'identity-claim': 'booky_id',
      'name-claim': 'nickname',
      'token-ttl-seconds': '900',
      'create-secret': 'true',
      'kms-key': key,
      'permissions-boundary': boundary,
      'throttling-rate': '7',
      'throttling-burst': '9',
      'reserved-concurrency': '0',
      'log-level': 'WARN',
      'log-retention-days': '30',
      tracing: 'true',
      'alarms-topic': topic,
      'notices-topic': noticesTopic,
    },
    'eu-west-1',
  );
});

test('one of the scopes opens the route', () => {
  expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Route')['AuthorizationScopes']).toStrictEqual([
    'meetings/join',
    'openid',
  ]);
});

test('the function learns of the secret, the URL and the claims', () => {
  expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['Environment']).toStrictEqual({
    Variables: {
      LIVEKIT_SECRET_ID: 'team/livekit',
      LIVEKIT_WS_URL: 'wss://booky.livekit.cloud',
      CLUBS_CLAIM: 'https://booky.example/clubs',
      MODERATED_CLUBS_CLAIM: 'hosts',
      LISTENERS_CLAIM: 'guests',
      CLUBS_PREFIX: 'club:',
      IDENTITY_CLAIM: 'booky_id',
      NAME_CLAIM: 'nickname',
      TOKEN_TTL_SECONDS: '900',
      LOG_LEVEL: 'WARN',
    },
  });
});

test('the role may decrypt with the customer’s key, through Secrets Manager alone, and send traces, within the boundary', () => {
  expect(propertiesOf(packaged.template, tokenRole(packaged.template))).toMatchObject({
    PermissionsBoundary: boundary,
    Policies: [
      {
        PolicyDocument: {
          Statement: [
            { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] },
            {
              Action: 'secretsmanager:GetSecretValue',
              Resource: {
                'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:team/livekit-??????`,
              },
            },
            {
              Effect: 'Allow',
              Action: 'kms:Decrypt',
              Resource: key,
              Condition: {
                StringEquals: {
                  'kms:ViaService': { 'Fn::Sub': `secretsmanager.\${AWS::Region}.\${AWS::URLSuffix}` },
                },
              },
            },
            {
              Effect: 'Allow',
              Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
              Resource: '*',
            },
          ],
        },
      },
    ],
  });
  expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['TracingConfig']).toStrictEqual({
    Mode: 'Active',
  });
});

test('the secret comes empty, encrypted with that key, and stays when the stack goes', () => {
  expect(resourcesOf(packaged.template, 'AWS::SecretsManager::Secret')).toStrictEqual({
    LiveKitSecret: {
      Type: 'AWS::SecretsManager::Secret',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { Name: 'team/livekit', Description: expect.any(String), KmsKeyId: key },
    },
  });
});

test('the limits are those given, 0 included', () => {
  expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Stage')).toMatchObject({
    DefaultRouteSettings: { ThrottlingRateLimit: 7, ThrottlingBurstLimit: 9 },
  });
  expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['ReservedConcurrentExecutions']).toBe(0);
});

test('logs are kept for as long as told; Lambda withholds none, since the metrics are in them', () => {
  expect(propertiesOf(packaged.template, 'TokenLambdaFunction')).toMatchObject({
    LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG' },
  });
  for (const group of Object.values(resourcesOf(packaged.template, 'AWS::Logs::LogGroup'))) {
    expect(group.Properties['RetentionInDays']).toBe(30);
  }
});

/** Each alarm's topics, by the alarm's name after the function's. */
function topicsOf({ template }: Packaged): Record<string, unknown> {
  return Object.fromEntries(
    Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => {
      const { AlarmActions, OKActions } = Properties;
      expect(OKActions, 'told also when it is over').toStrictEqual(AlarmActions);
      return [
        String(Object.values(Object(Properties['AlarmName']))[0]).replace(/^\$\{.*\}-/, ''),
        AlarmActions,
      ];
    }),
  );
}

test('alarms about readers who can’t join, now or soon, go to alarms-topic; the others to notices-topic', () => {
  expect(topicsOf(packaged)).toStrictEqual({
    'check-failed': [topic],
    'server-errors': [topic],
    'failed-reads': [noticesTopic],
    latency: [noticesTopic],
    'function-errors': [noticesTopic],
    unauthorized: [noticesTopic],
    'too-many-requests': [noticesTopic],
  });
});

test('with one topic alone, it hears of all', async () => {
  const one = await packageService('staging', { ...requiredParameters, 'alarms-topic': topic }, 'eu-west-1');
  for (const topics of Object.values(topicsOf(one))) expect(topics).toStrictEqual([topic]);
});

test('a domain adds its name, its mapping and where it points to, and changes the endpoint’s URL alone', async () => {
  const certificate =
    'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
  const [without, withDomain] = await Promise.all([
    packageService('prod', requiredParameters),
    packageService('prod', { ...requiredParameters, domain: 'meetings.booky.example', certificate }),
  ]);
  const { Domain: domain, DomainMapping: mapping, ...resources } = withDomain.template.Resources;
  expect(domain).toStrictEqual({
    Type: 'AWS::ApiGatewayV2::DomainName',
    Properties: {
      DomainName: 'meetings.booky.example',
      DomainNameConfigurations: [
        { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
      ],
    },
  });
  expect(mapping).toStrictEqual({
    Type: 'AWS::ApiGatewayV2::ApiMapping',
    Properties: {
      ApiId: { Ref: 'HttpApi' },
      DomainName: { Ref: 'Domain' },
      Stage: { Ref: 'HttpApiStage' },
    },
  });
  const {
    TokenEndpointUrl: url,
    DomainTarget: target,
    DomainTargetZone: zone,
    ...outputs
  } = withDomain.template.Outputs;
  expect(url?.Value).toBe('https://meetings.booky.example/api/reading-clubs/meetings/token');
  expect(target?.Value).toStrictEqual({ 'Fn::GetAtt': ['Domain', 'RegionalDomainName'] });
  expect(zone?.Value).toStrictEqual({ 'Fn::GetAtt': ['Domain', 'RegionalHostedZoneId'] });

  // The time of packaging stands in the name under which the zip is kept.
  const withoutTime = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replace(/\d{13}-[\d-]+T[\d:.]+Z/g, 'TIME'));
  const { TokenEndpointUrl: _, ...otherOutputs } = without.template.Outputs;
  expect(withoutTime(resources)).toStrictEqual(withoutTime(without.template.Resources));
  expect(outputs).toStrictEqual(otherOutputs);
});

test('a base path is where the domain leads to the API; without a certificate, API Gateway has that domain already', async () => {
  const { template } = await packageService('prod', {
    ...requiredParameters,
    domain: 'meetings.booky.example',
    'base-path': 'booky/meetings',
  });
  expect(resourcesOf(template, 'AWS::ApiGatewayV2::DomainName')).toStrictEqual({});
  expect(onlyResource(template, 'AWS::ApiGatewayV2::ApiMapping')).toStrictEqual({
    ApiId: { Ref: 'HttpApi' },
    DomainName: 'meetings.booky.example',
    ApiMappingKey: 'booky/meetings',
    Stage: { Ref: 'HttpApiStage' },
  });
  expect(template.Outputs['TokenEndpointUrl']?.Value).toBe(
    'https://meetings.booky.example/booky/meetings/api/reading-clubs/meetings/token',
  );
});
