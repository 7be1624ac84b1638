// @ts-check
/**
 * The endpoint's URL: at the host name that AWS gives to the API, or under the team's own domain, which stays the same when the
 * API is replaced.
 *
 * @param {import('./parameters.cjs').Cli} cli
 */
module.exports = async ({ resolveVariable }) => {
  const { domain, certificate } = await resolveVariable('self:custom.deployment');
  const path = '/api/reading-clubs/meetings/token';
  const url = {
    Description: "Where a reader's client asks for a token",
    Value:
      domain === undefined
        ? { 'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}${path}` }
        : `https://${domain}${path}`,
  };
  if (domain === undefined) return { Outputs: { TokenEndpointUrl: url } };

  return {
    Resources: {
      Domain: {
        Type: 'AWS::ApiGatewayV2::DomainName',
        Properties: {
          DomainName: domain,
          DomainNameConfigurations: [
            { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
          ],
        },
      },
      DomainMapping: {
        Type: 'AWS::ApiGatewayV2::ApiMapping',
        Properties: {
          ApiId: { Ref: 'HttpApi' },
          DomainName: { Ref: 'Domain' },
          Stage: { Ref: 'HttpApiStage' },
        },
      },
    },
    Outputs: {
      TokenEndpointUrl: url,
      DomainTarget: {
        Description: "What the domain's DNS record points to, as a CNAME or an alias",
        Value: { 'Fn::GetAtt': ['Domain', 'RegionalDomainName'] },
      },
      DomainTargetZone: {
        Description: 'The hosted zone of that target, for an alias record of Route 53',
        Value: { 'Fn::GetAtt': ['Domain', 'RegionalHostedZoneId'] },
      },
    },
  };
};
