/** The stack as it would be deployed: the generated template and the zip, for a production stage with only the required parameters. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  onlyResource,
  type Packaged,
  packageService,
  propertiesOf,
  requiredParameters,
  resourcesOf,
  tokenRole,
} from './support/packaged.ts';

const functionName = 'booky-meeting-token-prod-token';
/** The alias of the version that serves. */
const live = { 'Fn::Join': [':', [{ 'Fn::GetAtt': ['TokenLambdaFunction', 'Arn'] }, 'live']] };
const secretArn = `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:booky/livekit-??????`;

let packaged: Packaged;
beforeAll(async () => {
  packaged = await packageService('prod', requiredParameters);
});

describe('the gateway', () => {
  test('has one route, which requires a JWT', () => {
    const [authorizerId] = Object.keys(resourcesOf(packaged.template, 'AWS::ApiGatewayV2::Authorizer'));
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Route')).toMatchObject({
      RouteKey: 'POST /api/reading-clubs/meetings/token',
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: authorizerId },
    });
  });

  test('takes the JWT from the authorization header, of this issuer and these audiences', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Authorizer')).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: 'https://login.booky.example/', Audience: ['web', 'phone'] },
    });
  });

  test('requires no scope unless one is set', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Route')).not.toHaveProperty(
      'AuthorizationScopes',
    );
  });

  test('allows only the named origins to call from browsers', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Api')).toMatchObject({
      ProtocolType: 'HTTP',
      CorsConfiguration: {
        AllowOrigins: ['https://booky.example', 'https://www.booky.example'],
        AllowMethods: ['POST'],
        AllowHeaders: ['content-type', 'authorization'],
        ExposeHeaders: ['retry-after'],
        MaxAge: 7200,
      },
    });
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Api')).not.toHaveProperty(
      'CorsConfiguration.AllowCredentials',
    );
  });

  test('hands requests to the function in payload format 2.0', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Integration')).toMatchObject({
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
      IntegrationUri: live,
    });
  });

  test('throttles the stage', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Stage')).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: {
        ThrottlingRateLimit: 50,
        ThrottlingBurstLimit: 100,
        DetailedMetricsEnabled: false,
      },
    });
  });

  test('writes an access log of JSON lines that hold no token and nothing that names a reader', () => {
    const stage = onlyResource(packaged.template, 'AWS::ApiGatewayV2::Stage');
    expect(stage).toMatchObject({
      AccessLogSettings: { DestinationArn: { 'Fn::GetAtt': ['HttpApiLogGroup', 'Arn'] } },
    });
    const { Format: format } = Object(stage['AccessLogSettings']);
    const variables = String(format).match(/\$context[\w.]*/g) ?? [];
    expect(variables).toStrictEqual([
      '$context.requestTime',
      '$context.requestId',
      '$context.routeKey',
      '$context.status',
      '$context.error.responseType',
      '$context.responseLatency',
      '$context.integrationStatus',
      '$context.integrationLatency',
    ]);
    // As the gateway writes them: what is a number is always there.
    const line = String(format).replace(/\$context[\w.]*/g, (variable) =>
      /\.(status|responseLatency)$/.test(variable) ? '401' : '-',
    );
    expect(JSON.parse(line)).toMatchObject({ status: 401, latency_ms: 401, request_id: '-' });
    expect(line).not.toContain('\n');
  });
});

describe('the function', () => {
  test('runs on Node 24 on Graviton, within the limits that its own budgets ask for', () => {
    const lambda = propertiesOf(packaged.template, 'TokenLambdaFunction');
    expect(lambda).toMatchObject({
      FunctionName: functionName,
      Handler: 'handlers/token.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1024,
    });
    // CREDENTIALS_TIMEOUT_MS may be 10 s; the gateway gives up after 30 s.
    expect(lambda['Timeout']).toBeGreaterThan(10);
    expect(lambda['Timeout']).toBeLessThan(30);
  });

  test('gets the variables that parameters set, and no others', () => {
    expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['Environment']).toStrictEqual({
      Variables: {
        LIVEKIT_SECRET_ID: 'booky/livekit',
        TOKEN_TTL_SECONDS: '600',
        IDENTITY_CLAIM: 'sub',
        NAME_CLAIM: 'name',
        CLUBS_CLAIM: 'cognito:groups',
        LOG_LEVEL: 'INFO',
      },
    });
  });

  test('logs JSON at every level, and keeps it for 90 days', () => {
    expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['LoggingConfig']).toStrictEqual({
      LogFormat: 'JSON',
      ApplicationLogLevel: 'DEBUG',
      SystemLogLevel: 'INFO',
    });
    expect(resourcesOf(packaged.template, 'AWS::Logs::LogGroup')).toMatchObject({
      TokenLogGroup: { Properties: { LogGroupName: `/aws/lambda/${functionName}`, RetentionInDays: 90 } },
      // Only groups with this prefix don't count against the account's limit for log delivery.
      HttpApiLogGroup: {
        Properties: {
          LogGroupName: '/aws/vendedlogs/http-api/booky-meeting-token-prod',
          RetentionInDays: 90,
        },
      },
    });
  });

  test('has neither traces nor reserved concurrency unless they are set', () => {
    const lambda = propertiesOf(packaged.template, 'TokenLambdaFunction');
    expect(lambda).not.toHaveProperty('TracingConfig');
    expect(lambda).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('can be invoked only by this API', () => {
    expect(propertiesOf(packaged.template, 'TokenLambdaPermissionHttpApi')).toMatchObject({
      FunctionName: live,
      Principal: 'apigateway.amazonaws.com',
      Action: 'lambda:InvokeFunction',
      SourceArn: { 'Fn::Join': ['', expect.arrayContaining([{ Ref: 'HttpApi' }])] },
    });
  });
});

describe('a new version', () => {
  const only = (type: string) => {
    const [found, ...others] = Object.entries(resourcesOf(packaged.template, type));
    if (found === undefined || others.length > 0) throw new Error(`There should be exactly one ${type}.`);
    return { id: found[0], ...found[1] };
  };

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

  test('is checked by a function that knows the same claims, and ends before CloudFormation gives up', () => {
    const check = propertiesOf(packaged.template, 'CheckLambdaFunction');
    const token = propertiesOf(packaged.template, 'TokenLambdaFunction');
    expect(check).toMatchObject({
      Environment: {
        Variables: {
          ...Object(token['Environment']).Variables,
          TOKEN_FUNCTION: { Ref: 'TokenLambdaFunction' },
        },
      },
      Role: { 'Fn::GetAtt': ['CheckFunctionRole', 'Arn'] },
    });
    expect(check['Timeout']).toBeLessThan(120);
    expect([...packaged.checkZip.keys()]).toEqual(['handlers/check.mjs']);
  });

  test('is checked every five minutes after that', () => {
    expect(propertiesOf(packaged.template, 'CheckSchedule')).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
    });
    expect(propertiesOf(packaged.template, 'CheckSchedulePermission')).toMatchObject({
      FunctionName: { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] },
      SourceArn: { 'Fn::GetAtt': ['CheckSchedule', 'Arn'] },
    });
  });
});

describe('the role', () => {
  test('is the function’s own: it writes to the one log group and reads the one secret', () => {
    const role = propertiesOf(packaged.template, tokenRole(packaged.template));
    expect(role).toStrictEqual({
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
      Policies: [
        {
          PolicyName: 'token-function',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: { 'Fn::GetAtt': ['TokenLogGroup', 'Arn'] },
              },
              {
                Effect: 'Allow',
                Action: 'secretsmanager:GetSecretValue',
                Resource: { 'Fn::Sub': secretArn },
              },
            ],
          },
        },
      ],
    });
    expect(propertiesOf(packaged.template, 'TokenLambdaFunction')['Role']).toStrictEqual({
      'Fn::GetAtt': [tokenRole(packaged.template), 'Arn'],
    });
  });

  test('of the check writes to its log group and invokes versions of the one function', () => {
    expect(propertiesOf(packaged.template, 'CheckFunctionRole')).toMatchObject({
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: { 'Fn::GetAtt': ['CheckLogGroup', 'Arn'] },
              },
              {
                Action: 'lambda:InvokeFunction',
                Resource: { 'Fn::Sub': `\${TokenLambdaFunction.Arn}:*` },
              },
            ],
          },
        },
      ],
    });
  });

  test('and nothing else in the stack allows anything with a wildcard', () => {
    // The CLI's own bucket denies, with wildcards, whatever comes without TLS.
    const { ServerlessDeploymentBucketPolicy: bucketPolicy, ...others } = packaged.template.Resources;
    expect(bucketPolicy).toMatchObject({
      Properties: { PolicyDocument: { Statement: [{ Effect: 'Deny' }] } },
    });
    const stringsWithStar = JSON.stringify(others).match(/"[^"]*\*[^"]*"/g);
    expect(stringsWithStar).toStrictEqual([
      // Any route of this one API may invoke the function.
      '"/*"',
      // The check may invoke each version of the one function.
      `"\${TokenLambdaFunction.Arn}:*"`,
    ]);
  });
});

describe('the alarms', () => {
  test('have no recipients unless a topic is set', () => {
    for (const alarm of Object.values(resourcesOf(packaged.template, 'AWS::CloudWatch::Alarm'))) {
      expect(alarm.Properties).not.toHaveProperty('AlarmActions');
    }
  });
});

describe('the stack', () => {
  test('has the endpoint’s full URL as an output', () => {
    expect(packaged.template.Outputs['TokenEndpointUrl']?.Value).toStrictEqual({
      'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/api/reading-clubs/meetings/token`,
    });
  });

  test('has no custom domain unless it is set', () => {
    expect(packaged.templateText).not.toMatch(/ApiGatewayV2::(DomainName|ApiMapping)/);
    expect(Object.keys(packaged.template.Outputs)).not.toContain('DomainTarget');
  });

  test('says what it belongs to', () => {
    expect(onlyResource(packaged.template, 'AWS::ApiGatewayV2::Api')['Tags']).toStrictEqual({
      service: 'booky-meeting-token',
      stage: 'prod',
    });
  });

  test('creates no secret, and contains no value of one', () => {
    expect(resourcesOf(packaged.template, 'AWS::SecretsManager::Secret')).toStrictEqual({});
    expect(packaged.templateText).not.toMatch(
      /SecretString|GenerateSecretString|resolve:secretsmanager|API_SECRET/,
    );
  });
});

describe('the deployment bucket', () => {
  test('is closed to the public', () => {
    expect(
      onlyResource(packaged.template, 'AWS::S3::Bucket')['PublicAccessBlockConfiguration'],
    ).toStrictEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
  });

  test('keeps the last five deployments', () => {
    expect(packaged.state).toMatchObject({
      service: { provider: { deploymentBucketObject: { maxPreviousDeploymentArtifacts: 5 } } },
    });
  });
});

describe('the zip', () => {
  test('holds the handler’s bundle, its chunks if any, and nothing else', () => {
    expect([...packaged.zip.keys()]).toContain('handlers/token.mjs');
    for (const name of packaged.zip.keys()) expect(name).toMatch(/^handlers\/[\w-]+\.mjs$/);
  });

  test('is minified, without a source map', () => {
    for (const content of packaged.zip.values()) {
      const text = content.toString();
      expect(text).not.toContain('sourceMappingURL');
      // Minified code has long lines.
      expect(text.length / text.split('\n').length).toBeGreaterThan(500);
    }
  });
});
