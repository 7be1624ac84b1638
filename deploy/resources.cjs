// @ts-check
const alarms = require('./alarms.cjs');
const dashboard = require('./dashboard.cjs');
const rolesOf = require('./roles.cjs');

/** @typedef {import('./parameters.cjs').Deployment} Deployment */
/** @typedef {import('./parameters.cjs').Cli} Cli */

/**
 * What the stack has beside the functions and the API, which the CLI adds itself.
 *
 * @param {Cli} cli
 */
async function resources({ resolveVariable }) {
  const deployment = await resolveVariable('self:custom.deployment');
  const ofAlarms = alarms(deployment);
  return {
    Resources: {
      ...rolesOf(deployment).resources,
      ...schedule(deployment),
      ...secret(deployment),
      ...domain(deployment),
      ...ofAlarms,
      ...dashboard(Object.keys(ofAlarms).filter((id) => id.endsWith('Alarm'))),
    },
    Outputs: outputs(deployment),
  };
}

/**
 * The functions' roles, as the functions name them.
 *
 * @param {Cli} cli
 */
async function roles({ resolveVariable }) {
  return rolesOf(await resolveVariable('self:custom.deployment'));
}

/**
 * When the deployment is checked (`check-minutes`), and the permission that this needs.
 *
 * @param {Deployment} deployment
 */
function schedule({ checkMinutes }) {
  if (checkMinutes === 0) return {};
  const check = { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] };
  return {
    CheckSchedule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        // CloudFormation would cut the stack's name out of its own, which has at most 64 characters.
        Name: { 'Fn::Sub': `\${TokenLambdaFunction}-check` },
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
  };
}

/**
 * With `create-secret`: the secret, empty, so that no template ever contains its value. Removing the stack keeps it, because there
 * may be no other copy of its value.
 *
 * @param {Deployment} deployment
 */
function secret({ createSecret, secret: name, kmsKey }) {
  if (!createSecret) return {};
  const withoutKey = { id: 'CKV_AWS_149', comment: 'The parameter kms-key names a key of the customer' };
  return {
    LiveKitSecret: {
      Type: 'AWS::SecretsManager::Secret',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      ...(kmsKey === undefined && { Metadata: { checkov: { skip: [withoutKey] } } }),
      Properties: {
        Name: name,
        Description:
          'LIVEKIT_API_KEY, LIVEKIT_API_SECRET and LIVEKIT_WS_URL of the reading clubs, as a JSON object',
        ...(kmsKey && { KmsKeyId: kmsKey }),
      },
    },
  };
}

/**
 * The team's own domain, which stays the same when the API is replaced. Without `certificate` API Gateway has the domain already.
 *
 * @param {Deployment} deployment
 */
function domain({ domain: name, certificate, basePath }) {
  if (name === undefined) return {};
  return {
    ...(certificate && {
      Domain: {
        Type: 'AWS::ApiGatewayV2::DomainName',
        Properties: {
          DomainName: name,
          DomainNameConfigurations: [
            { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
          ],
        },
      },
    }),
    DomainMapping: {
      Type: 'AWS::ApiGatewayV2::ApiMapping',
      Properties: {
        ApiId: { Ref: 'HttpApi' },
        DomainName: certificate ? { Ref: 'Domain' } : name,
        Stage: { Ref: 'HttpApiStage' },
        ...(basePath && { ApiMappingKey: basePath }),
      },
    },
  };
}

/** @param {Deployment} deployment */
function outputs({ domain: name, certificate, basePath }) {
  const path = [...(basePath ? [basePath] : []), 'api/reading-clubs/meetings/token'].join('/');
  const ofApi = { 'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${path}` };
  return {
    TokenEndpointUrl: {
      Description: "Where a reader's client asks for a token",
      Value: name === undefined ? ofApi : `https://${name}/${path}`,
    },
    ...(certificate && {
      DomainTarget: {
        Description: "What the domain's DNS record points to, as a CNAME or an alias",
        Value: { 'Fn::GetAtt': ['Domain', 'RegionalDomainName'] },
      },
      DomainTargetZone: {
        Description: 'The hosted zone of that target, for an alias record of Route 53',
        Value: { 'Fn::GetAtt': ['Domain', 'RegionalHostedZoneId'] },
      },
    }),
  };
}

module.exports = { resources, roles };
