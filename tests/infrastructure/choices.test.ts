/** That each parameter reaches its place in the template. What the resources of deploy/ make of them: tests/unit/deploy. */
import { expect, test } from 'vitest';
import {
  choices,
  onlyResource,
  packageService,
  propertiesOf,
  resourcesOf,
  tokenRole,
} from './support/packaged.ts';

const { template } = await packageService('staging', choices);
const token = propertiesOf(template, 'TokenLambdaFunction');

test('the API: scopes, limits, and the domain alone', () => {
  expect(onlyResource(template, 'AWS::ApiGatewayV2::Route')['AuthorizationScopes']).toStrictEqual([
    'meetings/join',
    'openid',
  ]);
  expect(onlyResource(template, 'AWS::ApiGatewayV2::Stage')).toMatchObject({
    DefaultRouteSettings: { ThrottlingRateLimit: 7, ThrottlingBurstLimit: 9 },
  });
  expect(onlyResource(template, 'AWS::ApiGatewayV2::Api')['DisableExecuteApiEndpoint']).toBe(true);
  expect(template.Outputs['TokenEndpointUrl']?.Value).toMatch(/^https:\/\/meetings\.booky\.example\//);
  expect(template.Resources).toMatchObject({ LiveKitSecret: {}, Domain: {}, DomainMapping: {} });
});

test('the function: variables, concurrency, traces', () => {
  const variables = { LIVEKIT_SECRET_ID: 'team/livekit', LIVEKIT_WS_URL: 'wss://booky.livekit.cloud' };
  expect(token).toMatchObject({
    Environment: { Variables: variables },
    ReservedConcurrentExecutions: 0,
    TracingConfig: { Mode: 'Active' },
  });
  // Switched off, the version is not tried: switching on, which changes no version, has to be another check.
  expect(Object.keys(resourcesOf(template, 'Custom::VersionCheck'))[0]).toMatch(/WhileOff$/);
});

test('its role may decrypt with the customer’s key, through Secrets Manager alone, and send traces, within the boundary', () => {
  const { PermissionsBoundary: boundary, Policies: policies } = propertiesOf(template, tokenRole(template));
  expect(boundary).toBe(choices['permissions-boundary']);
  const [, readSecret, ...others] = Object(policies)[0].PolicyDocument.Statement;
  expect(readSecret.Resource['Fn::Sub']).toMatch(/:secret:team\/livekit-\?{6}$/);
  const viaService = { 'Fn::Sub': `secretsmanager.\${AWS::Region}.\${AWS::URLSuffix}` };
  expect(others).toStrictEqual([
    {
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: choices['kms-key'],
      Condition: { StringEquals: { 'kms:ViaService': viaService } },
    },
    { Effect: 'Allow', Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], Resource: '*' },
  ]);
});

test('logs are kept for as long as told; Lambda withholds none, since the metrics are in them', () => {
  expect(token['LoggingConfig']).toMatchObject({ LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG' });
  const groups = Object.values(resourcesOf(template, 'AWS::Logs::LogGroup'));
  expect(groups.map(({ Properties }) => Properties['RetentionInDays'])).toEqual([30, 30, 30]);
});
