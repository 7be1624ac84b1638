/** The stack of production as it would be deployed, with only the required parameters. */
import { describe, expect, inject, test } from 'vitest';
import { accessLogLine } from '../../stand-ins/cloudwatch/access-log.ts';
import { onlyResource, propertiesOf, resourcesOf, tokenRole } from './support/packaged.ts';

const { template, templateText } = inject('packaged');
const token = propertiesOf(template, 'TokenLambdaFunction');
const functionName = 'booky-meeting-token-prod-token';
/** The alias of the version that serves. */
const live = { 'Fn::Join': [':', [{ 'Fn::GetAtt': ['TokenLambdaFunction', 'Arn'] }, 'live']] };

/** The only resource of this type with its logical id. */
function only(type: string) {
  const [[id, resource] = ['', { Properties: {} }], ...others] = Object.entries(resourcesOf(template, type));
  expect({ id, others }).toEqual({ id: expect.stringMatching(/./), others: [] });
  return { id, ...resource };
}

describe('the gateway', () => {
  test('has one route, which requires a JWT of this issuer and these audiences, and no scope', () => {
    const { id, Properties: authorizer } = only('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: 'https://login.booky.example/', Audience: ['web', 'phone'] },
    });
    const route = onlyResource(template, 'AWS::ApiGatewayV2::Route');
    expect(route).toMatchObject({
      RouteKey: 'POST /api/reading-clubs/meetings/token',
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: id },
    });
    expect(route).not.toHaveProperty('AuthorizationScopes');
  });

  test('allows only the named origins to call from browsers', () => {
    const api = onlyResource(template, 'AWS::ApiGatewayV2::Api');
    expect(api).toMatchObject({
      ProtocolType: 'HTTP',
      CorsConfiguration: {
        AllowOrigins: ['https://booky.example', 'https://www.booky.example'],
        AllowMethods: ['POST'],
        AllowHeaders: ['content-type', 'authorization'],
        ExposeHeaders: ['retry-after'],
        MaxAge: 7200,
      },
      Tags: { service: 'booky-meeting-token', stage: 'prod' },
    });
    expect(api).not.toHaveProperty('CorsConfiguration.AllowCredentials');
  });

  test('hands requests to the version that serves, in payload format 2.0; nothing else invokes it', () => {
    expect(onlyResource(template, 'AWS::ApiGatewayV2::Integration')).toMatchObject({
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
      IntegrationUri: live,
    });
    expect(propertiesOf(template, 'TokenLambdaPermissionHttpApi')).toMatchObject({
      FunctionName: live,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: { 'Fn::Join': ['', expect.arrayContaining([{ Ref: 'HttpApi' }])] },
    });
  });

  test('throttles the stage, and writes an access log of JSON lines with no token and nothing that names a reader', () => {
    const stage = onlyResource(template, 'AWS::ApiGatewayV2::Stage');
    expect(stage).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: {
        ThrottlingRateLimit: 50,
        ThrottlingBurstLimit: 100,
        DetailedMetricsEnabled: false,
      },
      AccessLogSettings: { DestinationArn: { 'Fn::GetAtt': ['HttpApiLogGroup', 'Arn'] } },
    });
    const format = String(Object(stage['AccessLogSettings']).Format);
    expect(format.match(/(?<=\$context\.)[\w.]*/g)).toStrictEqual([
      'requestTime',
      'requestId',
      'routeKey',
      'status',
      'error.responseType',
      'responseLatency',
      'integrationStatus',
      'integrationLatency',
    ]);
    // As the gateway writes them: what is a number is always there.
    const line = accessLogLine(format, { status: 401, responseLatency: 12 });
    expect(JSON.parse(line)).toMatchObject({ status: 401, latency_ms: 12, request_id: '-' });
    expect(line).not.toContain('\n');
  });
});

describe('the function', () => {
  test('runs on Node 24 on Graviton, longer than its own budgets and shorter than the gateway waits', () => {
    expect(token).toMatchObject({
      FunctionName: functionName,
      Handler: 'handlers/token.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1024,
    });
    // CREDENTIALS_TIMEOUT_MS may be 10 s; the gateway gives up after 30 s.
    expect(token['Timeout']).toBeGreaterThan(10);
    expect(token['Timeout']).toBeLessThan(30);
  });

  test('gets the variables that parameters set, and no others; neither traces nor reserved concurrency', () => {
    expect(token['Environment']).toStrictEqual({
      Variables: {
        LIVEKIT_SECRET_ID: 'booky/livekit',
        TOKEN_TTL_SECONDS: '600',
        IDENTITY_CLAIM: 'sub',
        NAME_CLAIM: 'name',
        CLUBS_CLAIM: 'cognito:groups',
        LOG_LEVEL: 'INFO',
      },
    });
    expect(token).not.toHaveProperty('TracingConfig');
    expect(token).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('and the gateway log for 90 days, the gateway where that does not count against the account’s policy', () => {
    const group = (LogGroupName: string) => ({ Properties: { LogGroupName, RetentionInDays: 90 } });
    expect(resourcesOf(template, 'AWS::Logs::LogGroup')).toMatchObject({
      TokenLogGroup: group(`/aws/lambda/${functionName}`),
      CheckLogGroup: group('/aws/lambda/booky-meeting-token-prod-check'),
      HttpApiLogGroup: group('/aws/vendedlogs/http-api/booky-meeting-token-prod'),
    });
  });
});

describe('a new version', () => {
  test('is published, then checked, and only then what the API calls', () => {
    const { id: versionId, ...version } = only('AWS::Lambda::Version');
    expect(version.Properties).toMatchObject({ FunctionName: { Ref: 'TokenLambdaFunction' } });
    // CloudFormation deletes the versions before, and refused ones.
    expect(version).not.toHaveProperty('DeletionPolicy');

    const number = { 'Fn::GetAtt': [versionId, 'Version'] };
    const { id: checkId, ...check } = only('Custom::VersionCheck');
    expect(check).toMatchObject({
      // Another version has another check, and none is ever asked again or to delete.
      DeletionPolicy: 'Retain',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] },
        ServiceTimeout: 120,
        Version: number,
      },
    });
    expect(checkId.slice(-20)).toBe(versionId.slice(-20));
    expect(only('AWS::Lambda::Alias')).toMatchObject({
      Properties: { Name: 'live', FunctionName: { Ref: 'TokenLambdaFunction' }, FunctionVersion: number },
      DependsOn: checkId,
    });
  });

  test('is checked by a function that knows the same claims, and ends before CloudFormation gives up; then every five minutes', () => {
    const check = propertiesOf(template, 'CheckLambdaFunction');
    expect(check).toMatchObject({
      Handler: 'handlers/check.handler',
      Environment: {
        Variables: {
          ...Object(token['Environment']).Variables,
          TOKEN_FUNCTION: { Ref: 'TokenLambdaFunction' },
        },
      },
      Role: { 'Fn::GetAtt': ['CheckFunctionRole', 'Arn'] },
    });
    expect(check['Timeout']).toBeLessThan(120);
    expect(propertiesOf(template, 'CheckSchedule')).toMatchObject({ ScheduleExpression: 'rate(5 minutes)' });
    expect(propertiesOf(template, 'CheckSchedulePermission')).toMatchObject({
      FunctionName: { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] },
      SourceArn: { 'Fn::GetAtt': ['CheckSchedule', 'Arn'] },
    });
  });
});

describe('a role', () => {
  const statement = (Action: string | string[], Resource: object) => ({ Effect: 'Allow', Action, Resource });
  const writeTo = (group: string) =>
    statement(['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [group, 'Arn'] });

  test.each([
    [
      tokenRole(template),
      'TokenLogGroup',
      statement('secretsmanager:GetSecretValue', {
        'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:booky/livekit-??????`,
      }),
    ],
    [
      'CheckFunctionRole',
      'CheckLogGroup',
      statement('lambda:InvokeFunction', { 'Fn::Sub': `\${TokenLambdaFunction.Arn}:*` }),
    ],
  ])('is the function’s own, writes to its log group and does one thing more: %s', (role, group, more) => {
    expect(propertiesOf(template, role)).toStrictEqual({
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
      Policies: [
        {
          PolicyName: expect.stringMatching(/^(token|check)-function$/),
          PolicyDocument: { Version: '2012-10-17', Statement: [writeTo(group), more] },
        },
      ],
    });
    expect(token['Role']).toStrictEqual({ 'Fn::GetAtt': [tokenRole(template), 'Arn'] });
  });

  test('and nothing else in the stack allows anything with a wildcard', () => {
    // The CLI's own bucket denies, with wildcards, whatever comes without TLS.
    const { ServerlessDeploymentBucketPolicy: bucketPolicy, ...others } = template.Resources;
    expect(bucketPolicy).toMatchObject({
      Properties: { PolicyDocument: { Statement: [{ Effect: 'Deny' }] } },
    });
    expect(JSON.stringify(others).match(/"[^"]*\*[^"]*"/g)).toStrictEqual([
      // Any route of this one API may invoke the function.
      '"/*"',
      // The check may invoke each version of the one function.
      `"\${TokenLambdaFunction.Arn}:*"`,
    ]);
  });
});

test('the stack has the endpoint’s full URL as an output, no domain, no secret and no value of one', () => {
  expect(template.Outputs['TokenEndpointUrl']?.Value).toStrictEqual({
    'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/api/reading-clubs/meetings/token`,
  });
  expect(templateText).not.toMatch(/ApiGatewayV2::(DomainName|ApiMapping)|DomainTarget/);
  expect(templateText).not.toMatch(/SecretsManager::Secret|SecretString|resolve:secretsmanager|API_SECRET/);
});

test('the deployment bucket is closed to the public', () => {
  expect(onlyResource(template, 'AWS::S3::Bucket')['PublicAccessBlockConfiguration']).toStrictEqual({
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  });
});
