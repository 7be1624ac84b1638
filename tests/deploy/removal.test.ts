/** A domain of the team's own, a secret that comes with the stack, and what `serverless remove` leaves: nothing but the secrets. */
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { askForToken, eventually, secretName, startCloud } from './support/cloud.ts';

const cloud = await startCloud();
const { aws, secret } = cloud;
const domain = 'meetings.booky.example';

/** Everything that a stack of ours consists of: the command that lists it, and its names in that. */
const kinds = `
  stacks         cloudformation list-stacks      StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName
  functions      lambda list-functions           Functions[].FunctionName
  APIs           apigatewayv2 get-apis           Items[].Name
  domains        apigatewayv2 get-domain-names   Items[].DomainName
  roles          iam list-roles                  Roles[?contains(RoleName,'booky')].RoleName
  logGroups      logs describe-log-groups        logGroups[].logGroupName
  metricFilters  logs describe-metric-filters    metricFilters[].filterName
  alarms         cloudwatch describe-alarms      MetricAlarms[].AlarmName
  rules          events list-rules               Rules[].Name
  dashboards     cloudwatch list-dashboards      DashboardEntries[].DashboardName
  buckets        s3api list-buckets              Buckets[].Name
  secrets        secretsmanager list-secrets     SecretList[].Name
`;

async function inventory(): Promise<Record<string, string[]>> {
  const names = v.nullish(v.array(v.string()), []);
  const rows = [...kinds.matchAll(/(\S+) +(\S+ \S+) +(\S+)\n/g)];
  const entries = rows.map(async ([, kind, command = '', query = '']) => [
    kind,
    v.parse(names, await aws(command, { query })),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

test('removal leaves the secrets, and nothing else', async () => {
  const bearer = await cloud.signIn('ana', ['1']);
  const created = 'booky/created';
  const certificate = await aws('acm request-certificate', {
    'domain-name': domain,
    'validation-method': 'DNS',
    query: 'CertificateArn',
  });
  const parameters = {
    ...cloud.parameters,
    secret: created,
    'create-secret': 'true',
    domain,
    certificate: v.parse(v.string(), certificate),
  };
  const stack = await cloud.service.deploy(parameters);
  // Or else the end would be no different from the beginning.
  for (const [kind, names] of Object.entries(await inventory())) expect(names, kind).not.toHaveLength(0);

  // The secret has come with the stack, empty: until it is filled there are no tokens.
  expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 503 });
  await aws('secretsmanager put-secret-value', { 'secret-id': created, 'secret-string': secret });
  await eventually(async () =>
    expect(await askForToken(stack, { bearer, club: 1 })).toMatchObject({ status: 200 }),
  );
  const url = stack.outputs.get('TokenEndpointUrl') ?? '';
  expect(url).toBe(`https://${domain}/api/reading-clubs/meetings/token`);
  expect(await askUnder(url, bearer)).toMatchObject({ room_name: 'reading-club-1' });

  await cloud.service.remove(parameters);
  const { secrets = [], ...others } = await inventory();
  expect(secrets.toSorted()).toEqual([created, secretName]);
  expect(Object.values(others).flat()).toEqual([]);
});

/** What this machine's cloud answers to a request for that URL: a resolver would have led there by the domain's DNS record. */
function askUnder(url: string, bearer: string): Promise<unknown> {
  const { host, pathname } = new URL(url);
  const headers = { host, authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    request(new URL(pathname, cloud.url), { method: 'POST', headers }, (response) => resolve(json(response)))
      .on('error', reject)
      .end('{"reading_club_id": 1}');
  });
}
