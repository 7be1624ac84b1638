/** What parameters change in the resources beside the functions and the API. */
import { expect, test } from 'vitest';
import { readDeployment } from '../../../deploy/parameters.cjs';
import { resources, roles } from '../../../deploy/resources.cjs';

const cli = (parameters: Readonly<Record<string, string>>) => ({
  resolveVariable: async () =>
    readDeployment(
      { issuer: 'http://localhost:3001', ...parameters },
      { stage: 'prod', region: 'eu-central-1' },
    ),
});
/** The resources and outputs that are other than with defaults. */
async function changedBy(parameters: Readonly<Record<string, string>>) {
  const [before, after] = await Promise.all([resources(cli({})), resources(cli(parameters))]);
  const unlike = (was: object, is: object) => {
    const old = new Map(Object.entries(was).map(([id, value]) => [id, JSON.stringify(value)]));
    return Object.fromEntries(
      Object.entries(is).filter(([id, value]) => old.get(id) !== JSON.stringify(value)),
    );
  };
  return { ...unlike(before.Resources, after.Resources), ...unlike(before.Outputs, after.Outputs) };
}
const topicsOf = async (parameters: Readonly<Record<string, string>>) =>
  Object.values((await resources(cli(parameters))).Resources).flatMap((resource) => {
    const { AlarmName: name, AlarmActions: alarm, OKActions: ok } = Object(resource).Properties;
    expect(ok, 'told also when it is over').toStrictEqual(alarm);
    return name ? [[Object(name)['Fn::Sub'].replace(/^\$\{.*\}-/, ''), alarm]] : [];
  });

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;
const key = arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab');
const certificate = arn('acm', 'certificate/1234abcd-12ab-34cd-56ef-1234567890ab');
const domain = 'meetings.booky.example';
const path = 'api/reading-clubs/meetings/token';
const mapping = {
  Type: 'AWS::ApiGatewayV2::ApiMapping',
  Properties: { ApiId: { Ref: 'HttpApi' }, DomainName: { Ref: 'Domain' }, Stage: { Ref: 'HttpApiStage' } },
};

test('a domain adds its name, its mapping and where it points to, and changes the endpoint’s URL', async () => {
  const value = (Value: unknown) => ({ Description: expect.any(String), Value });
  expect(await changedBy({ domain, certificate })).toStrictEqual({
    Domain: {
      Type: 'AWS::ApiGatewayV2::DomainName',
      Properties: {
        DomainName: domain,
        DomainNameConfigurations: [
          { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
        ],
      },
    },
    DomainMapping: mapping,
    TokenEndpointUrl: value(`https://${domain}/${path}`),
    DomainTarget: value({ 'Fn::GetAtt': ['Domain', 'RegionalDomainName'] }),
    DomainTargetZone: value({ 'Fn::GetAtt': ['Domain', 'RegionalHostedZoneId'] }),
  });
});

test('a base path leads to the API on a domain that API Gateway has already', async () => {
  const { Properties: properties, ...others } = mapping;
  expect(await changedBy({ domain, 'base-path': 'booky/meetings' })).toStrictEqual({
    DomainMapping: {
      ...others,
      Properties: { ...properties, DomainName: domain, ApiMappingKey: 'booky/meetings' },
    },
    TokenEndpointUrl: expect.objectContaining({ Value: `https://${domain}/booky/meetings/${path}` }),
  });
});

test('a secret comes empty, encrypted with the customer’s key, and stays when the stack goes', async () => {
  const { LiveKitSecret: secret } = await changedBy({ 'create-secret': 'true', 'kms-key': key });
  expect(secret).toStrictEqual({
    Type: 'AWS::SecretsManager::Secret',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: { Name: 'booky/livekit', Description: expect.any(String), KmsKeyId: key },
  });
});

test('a role of other permissions is another; a ready one is none of the stack’s', async () => {
  const roleOf = async (parameters: Readonly<Record<string, string>>) => (await roles(cli(parameters))).token;
  const tokenRoles = await Promise.all([
    ...[{}, { 'kms-key': key }, { tracing: 'true' }, { secret: 'other' }].map(roleOf),
    roleOf({ 'permissions-boundary': 'arn:aws:iam::123456789012:policy/boundary' }),
  ]);
  expect(new Set(tokenRoles.map((role) => JSON.stringify(role))).size).toBe(5);
  expect(await roleOf({ 'token-ttl-seconds': '900' })).toStrictEqual(tokenRoles[0]);

  const ready = {
    'function-role': 'arn:aws:iam::123456789012:role/token',
    'check-role': 'arn:aws:iam::123456789012:role/check',
  };
  expect(await roles(cli(ready))).toStrictEqual({
    token: ready['function-role'],
    check: ready['check-role'],
    resources: {},
  });
});

test('alarms about readers who can’t join go to alarms-topic, the others to notices-topic, or to the same', async () => {
  const [onCall, tomorrow] = [arn('sns', 'on-call'), arn('sns', 'tomorrow')];
  const urgent = ['check-failed', 'server-errors'];
  const all = (await topicsOf({})).map(([name]) => name);
  expect(all).toHaveLength(7);
  expect(all).toEqual(expect.arrayContaining(urgent));
  expect(await topicsOf({ 'alarms-topic': onCall, 'notices-topic': tomorrow })).toStrictEqual(
    all.map((name) => [name, [urgent.includes(name) ? onCall : tomorrow]]),
  );
  expect(await topicsOf({ 'alarms-topic': onCall })).toStrictEqual(all.map((name) => [name, [onCall]]));
  expect(await topicsOf({})).toStrictEqual(all.map((name) => [name, undefined]));
});

test('the check runs as often as told, or never, and then no alarm misses it', async () => {
  const { CheckSchedule: schedule } = await changedBy({ 'check-minutes': '1' });
  expect(schedule).toMatchObject({ Properties: { ScheduleExpression: 'rate(1 minute)' } });
  const { Resources: never } = await resources(cli({ 'check-minutes': '0' }));
  expect(Object.keys(never).filter((id) => /^Check(?!FunctionRole)/.test(id))).toEqual([]);
});
